package io.moe4j.comm.nccl;

import static org.bytedeco.cuda.global.nccl.ncclGetErrorString;
import static org.bytedeco.cuda.global.nccl.ncclGetVersion;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.host.NativesFolder;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/** The native library: its location, name and version. */
final class NcclLibrary {
    static final String NAME = "libnccl.so.2";
    /** The first version whose non-blocking communicators end cleanly, 2.18.0, as 10000 · major + 100 · minor + patch. */
    static final int LEAST_VERSION = 21800;
    private static final Path LOADER_CACHE = Path.of("/etc/ld.so.cache");
    private static final List<Path> FOLDERS = List.of(Path.of("/lib/x86_64-linux-gnu"),
            Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib64"), Path.of("/usr/lib"), Path.of("/lib64"));

    private NcclLibrary() {}

    /** Looks for the file where the dynamic loader would look, and loads nothing. */
    static Availability probe(Map<String, String> environment) {
        Stream<Path> named = Arrays.stream(environment.getOrDefault("LD_LIBRARY_PATH", "").split(File.pathSeparator))
                .filter(folder -> !folder.isBlank()).map(Path::of);
        boolean found = Stream.concat(named, FOLDERS.stream()).anyMatch(folder -> Files.exists(folder.resolve(NAME)))
                || isInLoaderCache(LOADER_CACHE)
                || NcclLibrary.class.getClassLoader().getResource("org/bytedeco/cuda/linux-x86_64/" + NAME) != null;
        return found ? Availability.available()
                : Availability.unavailable(NAME + " is not found",
                        "install NCCL 2.18 or later for CUDA 13, and put its folder on LD_LIBRARY_PATH");
    }

    /** Whether the loader's cache contains the library: the cache has the names of libraries as plain text, among offsets. */
    private static boolean isInLoaderCache(Path cache) {
        try {
            return Files.isReadable(cache)
                    && Files.readString(cache, StandardCharsets.ISO_8859_1).contains("/" + NAME);
        } catch (IOException e) {
            return false;
        }
    }

    /** Loads the library, and checks its version. */
    static void load() {
        int[] version = new int[1];
        NativesFolder.ofThisProcess().useForJavaCpp();
        try {
            Loader.load(org.bytedeco.cuda.global.nccl.class);
            check(ncclGetVersion(version), "ncclGetVersion");
        } catch (LinkageError e) {
            throw new DeviceException("NCCL cannot be loaded (" + e.getMessage()
                    + "); NCCL 2 and the runtime of CUDA 13 must be on LD_LIBRARY_PATH", e);
        }
        if (version[0] < LEAST_VERSION) {
            throw new DeviceException("NCCL is version " + version[0] + ", and " + LEAST_VERSION
                    + " or later is needed; put a newer one first on LD_LIBRARY_PATH");
        }
    }

    /** Throws unless {@code result} is success. */
    static void check(int result, String call) {
        if (result != 0) {
            throw new DeviceException(call + " failed: " + describe(result));
        }
    }

    /** The text of a result code. */
    static String describe(int result) {
        return ncclGetErrorString(result).getString() + " (" + result + ")";
    }
}
