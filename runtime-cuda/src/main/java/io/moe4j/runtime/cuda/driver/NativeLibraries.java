package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.spi.Availability;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** Checks whether the native libraries can be found, without opening a device. */
public final class NativeLibraries {

    private NativeLibraries() {}

    /** Looks for the driver and for the libraries that the device operations use. */
    public static Availability probe() {
        if (!loads("libcuda.so.1")) {
            return Availability.unavailable("libcuda.so.1 is not found",
                    "install an NVIDIA driver (580 or later), or use device = \"cpu\"");
        }
        for (String library : List.of("libcublasLt.so.13", "libcudnn.so.9")) {
            if (!loads(library)) {
                return Availability.unavailable(library + " is not found",
                        "install CUDA 13 and cuDNN 9, and put their folders on LD_LIBRARY_PATH");
            }
        }
        return Availability.available();
    }

    private static boolean loads(String library) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(library, arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
