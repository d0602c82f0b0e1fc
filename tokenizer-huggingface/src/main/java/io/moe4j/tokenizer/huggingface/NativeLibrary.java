package io.moe4j.tokenizer.huggingface;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.moe4j.api.InputException;
import io.moe4j.api.host.NativesFolder;
import io.moe4j.api.spi.Availability;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads Hugging Face's library from the jar of its bindings.
 *
 * <p>The bindings could do this themselves, but they look for a GPU first, download another build of the library for it, and keep it in a folder that
 * others may be able to write. Here each process unpacks the build for CPUs into a new folder below {@link NativesFolder}, so that processes that start
 * together do not disturb each other. The library stays mapped after its file is deleted.
 */
final class NativeLibrary {
    private static final Logger log = LoggerFactory.getLogger(NativeLibrary.class);
    /** Folder in the jar by operating system and processor. */
    private static final Map<String, String> FOLDERS = Map.of("linux-amd64", "linux-x86_64", "linux-aarch64",
            "linux-aarch64",
            "mac-aarch64", "osx-aarch64", "windows-amd64", "win-x86_64");
    /** Files by folder, in the order in which they are loaded. */
    private static final Map<String, List<String>> FILES = Map.of("linux-x86_64", List.of("libtokenizers.so"),
            "linux-aarch64",
            List.of("libtokenizers.so"), "osx-aarch64", List.of("libtokenizers.dylib"), "win-x86_64",
            List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "tokenizers.dll"));
    /**
     * System property that is set once the library is loaded. It is a property because a class loader can load a library only once, for all its users. It
     * contains the class loader's identity because each class loader loads its own copy.
     */
    private static final String LOADED = "io.moe4j.tokenizers.natives." + System.identityHashCode(NativeLibrary.class);

    private NativeLibrary() {}

    /** Whether there is a build for this machine. */
    static Availability probe() {
        return folder().isPresent() ? new Availability.Available()
                : new Availability.Unavailable("its native library is not made for " + platform(),
                        "use another tokenizer, or one of the platforms "
                                + FOLDERS.keySet().stream().sorted().toList());
    }

    /**
     * Loads it, unless it is already loaded.
     *
     * @throws InputException if that is not possible
     */
    static TokenizersLibrary load() {
        synchronized (NativeLibrary.class) {
            if (System.getProperty(LOADED) == null) {
                String folder = folder()
                        .orElseThrow(() -> new InputException("there is no tokenizer library for " + platform()));
                unpackAndLoad(folder);
                System.setProperty(LOADED, "true");
            }
            return TokenizersLibrary.LIB;
        }
    }

    private static void unpackAndLoad(String folder) {
        requireOneClassLoader();
        Path natives = NativesFolder.ofThisProcess().open();
        try {
            Path fresh = Files.createTempDirectory(natives, "tokenizers-");
            try {
                for (String file : FILES.getOrDefault(folder, List.of())) {
                    Path unpacked = fresh.resolve(file);
                    unpack("/native/lib/" + folder + "/cpu/" + file, unpacked);
                    System.load(unpacked.toString());
                }
            } finally {
                remove(fresh);
            }
        } catch (IOException e) {
            throw new InputException("the tokenizer library cannot be unpacked into " + natives + " (" + e.getMessage()
                    + "); make room there, or set XDG_CACHE_HOME to a folder that only you can write", e);
        } catch (UnsatisfiedLinkError e) {
            throw new InputException("the tokenizer library cannot be loaded (" + e.getMessage()
                    + "); it needs glibc 2.28 or later on Linux, and a folder that does not forbid programs (noexec): set"
                    + " XDG_CACHE_HOME to another one", e);
        }
    }

    /** Native methods are found only if the class that loads the library has the class loader of the class that declares them. */
    private static void requireOneClassLoader() {
        if (!Objects.equals(NativeLibrary.class.getClassLoader(), TokenizersLibrary.class.getClassLoader())) {
            throw new InputException(
                    "moe4j-tokenizer-huggingface and ai.djl.huggingface:tokenizers were loaded by different"
                            + " class loaders; put both jars on the same module path, class path or plug-in path");
        }
    }

    private static void unpack(String resource, Path file) throws IOException {
        try (InputStream in = TokenizersLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new InputException("the jar of ai.djl.huggingface:tokenizers has no " + resource
                        + "; use the jar that this version of moe4j was built with");
            }
            Files.copy(in, file);
        }
    }

    private static Optional<String> folder() {
        return Optional.ofNullable(FOLDERS.get(platform()));
    }

    private static String platform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).replaceAll("^(linux|mac|windows).*",
                "$1");
        return system + "-" + System.getProperty("os.arch", "");
    }

    private static void remove(Path folder) {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            log.debug("{} cannot be removed", folder, e);
        }
    }
}
