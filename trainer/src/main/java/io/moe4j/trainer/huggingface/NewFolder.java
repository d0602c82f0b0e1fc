package io.moe4j.trainer.huggingface;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.NoSuchFileException;
import java.nio.file.LinkOption;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a folder that either does not exist or is complete: it is written as {@code NAME.part} beside its final path, and renamed when it is complete. The
 * next export removes the {@code NAME.part} of a killed one.
 */
final class NewFolder implements AutoCloseable {
    private static final String PART = ".part";
    private static final String LOCK = ".lock";
    /** Prefix of the name of a folder that is made and removed at once, to find out whether folders can be made. */
    private static final String PROBE = ".moe4j-probe-";

    private final Path place;
    private final Path part;
    private final FileChannel lock;
    private boolean complete;

    private NewFolder(Path place, Path part, FileChannel lock) {
        this.place = place;
        this.part = part;
        this.lock = lock;
    }

    /**
     * Checks that a folder can be written, as far as this can be known in advance.
     *
     * @throws InputException if the folder exists and is not empty, or its place cannot be written
     */
    static void requireFree(Path place) {
        Path path = place.toAbsolutePath().normalize();
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !isEmptyFolder(path)) {
            throw new InputException(Shown.of(place) + " exists already: a model is never written over what is there."
                    + " Give the name of a new folder, or remove it");
        }
        Path there = path.getParent();
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (there == null || !Files.isDirectory(there) || !Files.isWritable(there)) {
            throw new InputException(
                    Shown.of(place) + " cannot be made: " + Shown.of(there) + " is no folder that you may write;"
                            + " give another place");
        }
        requireSameFileSystem(place, path);
        probe(place, there);
        requirePart(place, part(path));
    }

    /**
     * Makes and removes a folder, because permissions alone do not decide: in {@code /proc}, for example, root has the permission to write, but no folder can
     * be made.
     */
    private static void probe(Path place, Path there) {
        try {
            Files.delete(Files.createTempDirectory(there, PROBE));
        } catch (IOException e) {
            throw new InputException(Shown.of(place) + " cannot be made: no folder can be made in " + Shown.of(there)
                    + " (" + Shown.of(e.getMessage()) + "); give another place", e);
        }
    }

    /** The complete folder replaces an empty one of its name. A mount point, such as a container's volume, cannot be replaced. */
    private static void requireSameFileSystem(Path place, Path path) {
        Path parent = path.getParent();
        try {
            if (parent != null && Files.isDirectory(path)
                    && (!Files.getFileStore(path).equals(Files.getFileStore(parent)) || MountPoints.now().has(path))) {
                throw new InputException(Shown.of(place) + " is where a file system is mounted, and cannot be replaced"
                        + " by a complete folder; give the name of a new folder in it, such as "
                        + Shown.of(place.resolve("model")));
            }
        } catch (IOException e) {
            throw new InputException(Shown.of(place) + " cannot be looked at (" + Shown.of(e.getMessage())
                    + "); give another place", e);
        }
    }

    /** Checks the name that the folder has until it is complete: it is longer, and may be in use. */
    private static void requirePart(Path place, Path part) {
        try {
            if (!Files.readAttributes(part, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isDirectory()) {
                throw new InputException(Shown.of(place) + " cannot be made: it is written as " + Shown.of(part)
                        + " until it is complete, and that is no folder; remove it, or give another place");
            }
        } catch (NoSuchFileException e) {
            // The usual case: the path does not exist.
        } catch (IOException e) {
            throw new InputException(Shown.of(place) + " cannot be made (" + Shown.of(e.getMessage())
                    + "); give another place", e);
        }
    }

    private static Path part(Path path) {
        return path.resolveSibling(path.getFileName() + PART);
    }

    /**
     * Begins to write the folder.
     *
     * @throws InputException if it cannot be made, or another process is writing it
     */
    static NewFolder begin(Path place) {
        requireFree(place);
        Path path = place.toAbsolutePath().normalize();
        Path part = part(path);
        try {
            Files.createDirectories(part);
            FileChannel channel = FileChannel.open(part.resolve(LOCK), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            try {
                take(channel, part);
                clear(part);
                return new NewFolder(path, part, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InputException(
                    Shown.of(part) + " cannot be written (" + Shown.of(e.getMessage()) + "); give another place", e);
        }
    }

    /** The folder in which the files are written until it is complete. */
    Path path() {
        return part;
    }

    /** Gives the folder its name. When this returns, it survives a power cut. */
    void complete() throws IOException {
        try (Stream<Path> files = Files.walk(part)) {
            for (Path file : files.toList()) {
                if (Files.isDirectory(file)) {
                    forceFolder(file);
                } else {
                    force(file);
                }
            }
        }
        Files.delete(part.resolve(LOCK));
        forceFolder(part);
        // An empty folder of that name is replaced, but not one to which files were added in the meantime.
        if (isEmptyFolder(place)) {
            Files.delete(place);
        }
        Files.move(part, place, StandardCopyOption.ATOMIC_MOVE);
        complete = true;
        Path parent = place.getParent();
        if (parent != null) {
            forceFolder(parent);
        }
    }

    /** Ends the writing. If the folder was not completed, everything that was written is removed. */
    @Override
    public void close() throws IOException {
        try (FileChannel held = lock) {
            if (!complete) {
                clear(part);
                Files.deleteIfExists(part.resolve(LOCK));
                Files.deleteIfExists(part);
            }
        }
    }

    /** Closing the channel releases the lock. */
    private static void take(FileChannel channel, Path part) throws IOException {
        @Nullable FileLock taken;
        try {
            taken = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            taken = null;
        }
        if (taken == null) {
            throw new InputException(
                    Shown.of(part) + " is being written by another export; wait for it, or give another place");
        }
    }

    /** Removes everything but the lock's file. */
    private static void clear(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(folder)) {
            all = found.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : all) {
            if (!each.equals(folder) && !each.equals(folder.resolve(LOCK))) {
                Files.delete(each);
            }
        }
    }

    private static boolean isEmptyFolder(Path path) {
        if (!Files.isDirectory(path)) {
            return false;
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void forceFolder(Path folder) throws IOException {
        // Windows cannot open folders, and writes names to the disk by itself.
        if (File.separatorChar == '/') {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
