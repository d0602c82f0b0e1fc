package io.moe4j.runtime.cuda.driver;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.host.NativesFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads JCuda's native library from a folder that only this user can write.
 *
 * <p>By default, JCuda unpacks its library under a fixed name in the temporary folder, and loads the file that it finds there. Any user of the
 * machine could have put that file there, and JVMs that start together overwrite each other's files. JCuda takes the folder from
 * {@code java.io.tmpdir}, so this property names a private folder while JCuda's class is initialised. The library stays mapped after its file is
 * deleted.
 */
final class JCudaLibrary {
    /**
     * System property with the folder of the library, set once JCuda is loaded. It is a property because a JVM loads JCuda only once for all its
     * users.
     */
    private static final String LOADED = "io.moe4j.jcuda.natives";
    private static final String TEMPORARY = "java.io.tmpdir";
    private static final Logger log = LoggerFactory.getLogger(JCudaLibrary.class);

    private JCudaLibrary() {}

    /** Loads the library, unless it is already loaded. Afterwards, JavaCPP, which loads the other CUDA libraries, unpacks into the same folder. */
    static void load() {
        synchronized (JCudaLibrary.class) {
            if (System.getProperty(LOADED) == null) {
                NativesFolder natives = NativesFolder.ofThisProcess();
                natives.useForJavaCpp();
                load(natives.open());
            }
        }
    }

    private static void load(Path natives) {
        String temporary = System.getProperty(TEMPORARY);
        try {
            Path folder = Files.createTempDirectory(natives, "jcuda-");
            try {
                System.setProperty(TEMPORARY, folder.toString());
                JCudaDriver.setExceptionsEnabled(false);
                System.setProperty(LOADED, folder.toString());
            } finally {
                System.setProperty(TEMPORARY, temporary);
                remove(folder);
            }
        } catch (IOException e) {
            throw new DeviceException("JCuda's library cannot be unpacked into " + natives + ": " + e.getMessage()
                    + "; make room there, or set XDG_CACHE_HOME to a folder that only you can write", e);
        }
    }

    private static void remove(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            log.debug("{} cannot be removed", folder, e);
        }
    }
}
