package io.moe4j.api.host;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder into which native libraries are unpacked. Its files run in this process, so only this user may be able to write there.
 *
 * <p>It is {@code $XDG_CACHE_HOME/moe4j/natives}, or {@code ~/.cache/moe4j/natives}. If another user could write there, or this user cannot, a new
 * temporary folder is made for this process, and removed when the process ends.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class NativesFolder {
    /** The system property that tells JavaCPP where to unpack. */
    public static final String JAVACPP = "org.bytedeco.javacpp.cachedir";

    private static final Logger log = LoggerFactory.getLogger(NativesFolder.class);

    private final Ownership ownership;
    private final List<Path> candidates;
    private final Path temporary;

    NativesFolder(Ownership ownership, List<Path> candidates, Path temporary) {
        this.ownership = ownership;
        this.candidates = List.copyOf(candidates);
        this.temporary = temporary;
    }

    /** The folder for the user and the environment of this process. */
    public static NativesFolder ofThisProcess() {
        List<Path> candidates = new ArrayList<>();
        Optional.ofNullable(System.getenv("XDG_CACHE_HOME")).filter(folder -> !folder.isBlank())
                .ifPresent(folder -> candidates.add(Path.of(folder, "moe4j", "natives")));
        candidates.add(Path.of(System.getProperty("user.home"), ".cache", "moe4j", "natives"));
        return new NativesFolder(Ownership.ofThisProcess(), candidates.stream().filter(Path::isAbsolute).toList(),
                Path.of(System.getProperty("java.io.tmpdir")));
    }

    /**
     * Makes JavaCPP unpack into this folder, unless {@link #JAVACPP} already names another one. Call it before JavaCPP loads anything.
     *
     * @throws DeviceException if the named folder could be written by another user
     */
    public void useForJavaCpp() {
        synchronized (NativesFolder.class) {
            String named = System.getProperty(JAVACPP);
            if (named == null) {
                System.setProperty(JAVACPP, open().toString());
            } else {
                requirePrivate(Path.of(named));
            }
        }
    }

    /** The folder; it is created if it does not exist. */
    public Path open() {
        for (Path folder : candidates) {
            try {
                make(folder);
                Optional<String> reason = ownership.writableByAnother(folder);
                if (reason.isEmpty() && Files.isWritable(folder)) {
                    return folder;
                }
                log.debug("native libraries are not unpacked into {}: {}", folder, reason.orElse("not writable"));
            } catch (IOException e) {
                log.debug("native libraries are not unpacked into {}", folder, e);
            }
        }
        return fresh();
    }

    /** Refuses a folder into which another user could put libraries. */
    void requirePrivate(Path folder) {
        try {
            if (!Files.exists(folder)) {
                make(folder);
            }
            ownership.writableByAnother(folder).ifPresent(reason -> {
                throw new DeviceException("native libraries are not loaded from " + folder + ": " + reason
                        + ", so that other users' code could run here; use a folder that only you can write,"
                        + " or leave " + JAVACPP + " unset");
            });
        } catch (IOException e) {
            throw new DeviceException("native libraries cannot be unpacked into " + folder + ": " + e.getMessage()
                    + "; use a folder that you can write, or leave " + JAVACPP + " unset", e);
        }
    }

    /**
     * A folder of this process alone. Its name cannot be guessed; a parent folder that all users may write must have the sticky bit, so that the
     * folder cannot be replaced.
     */
    private Path fresh() {
        try {
            Path folder = Files.createTempDirectory(temporary, "moe4j-natives-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(folder), "removes " + folder));
            ownership.writableByAnother(folder).ifPresent(reason -> {
                throw new DeviceException("native libraries cannot be unpacked: not into " + candidates
                        + ", which cannot be written or are open to others, nor into " + folder + ", because " + reason
                        + "; set XDG_CACHE_HOME to a folder that only you can write");
            });
            return folder;
        } catch (IOException e) {
            throw new DeviceException("native libraries cannot be unpacked into " + candidates + " nor into "
                    + temporary + ": " + e.getMessage() + "; set XDG_CACHE_HOME to a folder that you can write", e);
        }
    }

    private static void make(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.createDirectories(folder,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectories(folder);
        }
    }

    private static void remove(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.debug("{} cannot be removed", folder, e);
        }
    }
}
