package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.host.Ownership;
import io.moe4j.runtime.cpu.engine.CpuHeap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that several processes share, as files that they all map. A file keeps its name only until all have mapped it. The name contains the process that
 * has created the file: {@code moe4j-4711-8154-4026531836-UUID.shared}, see {@link ProcessName}.
 */
final class SharedMemoryFolder {
    /** Where Linux keeps files in memory. */
    private static final Path IN_MEMORY = Path.of("/dev/shm");
    private static final Pattern NAME = Pattern.compile("moe4j-(\\d+-\\d+-\\d+)-[0-9a-f-]{36}\\.shared");
    /** No run takes this long to open, so a file of this age is a leftover, even if its process is unknown. */
    private static final Duration OLD = Duration.ofDays(1);
    private static final Logger log = LoggerFactory.getLogger(SharedMemoryFolder.class);

    private final Path folder;
    private final Room room;
    private final Ownership ownership;

    SharedMemoryFolder(Path folder, Room room, Ownership ownership) {
        this.folder = folder;
        this.room = room;
        this.ownership = ownership;
    }

    /** The shared folder of this machine. */
    static SharedMemoryFolder ofThisMachine() {
        Path folder = Files.isWritable(IN_MEMORY) ? IN_MEMORY : Path.of(System.getProperty("java.io.tmpdir"));
        return new SharedMemoryFolder(folder.toAbsolutePath().normalize(), Room.of(folder), Ownership.ofThisProcess());
    }

    /**
     * Creates a file of {@code bytes} zeros, with its pages reserved.
     *
     * @param ranks how many ranks create such a file at the same time
     */
    Path create(long bytes, String purpose, int ranks) {
        Path file = folder.resolve("moe4j-" + ProcessName.own() + "-" + UUID.randomUUID() + ".shared");
        try {
            Room.Size before = room.size();
            if (before.free() < bytes) {
                throw tooSmall(bytes, purpose, ranks, before);
            }
            try (FileChannel channel = FileChannel.open(file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                room.reserve(channel, bytes);
                return file;
            } catch (IOException e) {
                Files.deleteIfExists(file);
                Room.Size now = room.size();
                if (now.free() < bytes) {
                    throw tooSmall(bytes, purpose, ranks, now);
                }
                throw e;
            }
        } catch (IOException e) {
            throw new DeviceException("shared memory \"" + purpose + "\" of " + bytes + " bytes cannot be made in "
                    + folder + ": " + e.getMessage() + "; make the folder writable, with room for it, or run the ranks"
                    + " as threads of one process", e);
        }
    }

    private DeviceException tooSmall(long bytes, String purpose, int ranks, Room.Size size) {
        long least = size.total() - size.free() + ranks * bytes;
        return new DeviceException("out of shared memory: \"" + purpose + "\" wants " + bytes + " bytes on each of "
                + ranks + " ranks, and " + folder + " has " + size.free() + " of " + size.total()
                + " bytes free. Give it more than " + mebibytes(least) + " MiB, because more is shared after"
                + " this (the receive buffers that moe4j plan lists, on each rank): docker or podman run --shm-size="
                + mebibytes(least) + "m, in Kubernetes an emptyDir with medium Memory at " + folder
                + ", elsewhere mount -o remount,size=" + mebibytes(least) + "m " + folder
                + ". Or run the ranks as threads of one process (--ranks without a launcher), which needs none");
    }

    private static long mebibytes(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }

    /**
     * Maps a file as memory of this process; {@code heap} counts it if it is this rank's own. A file that no rank of this run can have created is
     * refused.
     */
    @SuppressWarnings("MustBeClosedChecker") // The memory closes it.
    Memory map(CpuHeap heap, Path file, long bytes, String purpose, boolean own) {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment segment = open(file, bytes, purpose, arena);
            return own ? heap.adopt(segment.address(), bytes, purpose, arena::close)
                    : Memory.of(segment.address(), bytes, purpose, unmapped -> arena.close());
        } catch (IOException e) {
            arena.close();
            throw new DeviceException("shared memory \"" + purpose + "\" cannot be mapped from " + file + ": "
                    + e.getMessage() + "; ranks in several processes must run on one machine, with a common " + folder,
                    e);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private MemorySegment open(Path file, long bytes, String purpose, Arena arena) throws IOException {
        if (!folder.equals(file.getParent()) || !NAME.matcher(String.valueOf(file.getFileName())).matches()) {
            throw refused(file, purpose, "its name is not one that moe4j gives in " + folder);
        }
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("there is no such file here");
        }
        requirePrivate(file, purpose);
        Object before = identity(file);
        try (FileChannel channel = FileChannel.open(file,
                Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
            // Checked again, so that the file that was opened is the one that was checked.
            requirePrivate(file, purpose);
            if (!before.equals(identity(file))) {
                throw refused(file, purpose, "it was replaced while it was opened");
            }
            // Mapping more bytes than the file has would lengthen it.
            if (channel.size() != bytes) {
                throw refused(file, purpose, "it has " + channel.size() + " bytes and should have " + bytes);
            }
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        }
    }

    private void requirePrivate(Path file, String purpose) throws IOException {
        Optional<String> reason = ownership.notPrivate(file);
        if (reason.isPresent()) {
            throw refused(file, purpose, reason.get());
        }
    }

    private static Object identity(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        return key == null ? file : key;
    }

    private static DeviceException refused(Path file, String purpose, String reason) {
        return new DeviceException("a rank says that its shared memory \"" + purpose + "\" is the file " + file + ": "
                + reason + ", so it is not opened. All processes of a run must be started by the same user; if they"
                + " are, something else has joined this run: start it again on another port");
    }

    /** Removes the name; processes that have mapped the file keep its memory. */
    void unlink(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new DeviceException("the name " + file + " of shared memory cannot be removed: " + e.getMessage(), e);
        }
    }

    /** Removes files of this user that killed processes could not remove themselves. */
    void sweep() {
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(this::isLeft).forEach(file -> {
                try {
                    Files.deleteIfExists(file);
                    log.info("removed {}, which a process that was killed had left", file);
                } catch (IOException e) {
                    log.debug("{} cannot be removed", file, e);
                }
            });
        } catch (IOException e) {
            log.debug("{} cannot be searched for what processes have left", folder, e);
        }
    }

    private boolean isLeft(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (!name.matches()) {
            return false;
        }
        try {
            return ownership.notPrivate(file).isEmpty()
                    && (ProcessName.parse(name.group(1)).map(ProcessName::isGone).orElse(false)
                            || Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant()
                                    .isBefore(Instant.now().minus(OLD)));
        } catch (IOException e) {
            // Its own process has removed it in the meantime.
            return false;
        }
    }
}
