package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.runtime.cpu.engine.CpuHeap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Memory that several processes share: a file that they all map. It has a name only until everybody has mapped it. */
final class SharedFile {
    /** Where Linux keeps files in memory. */
    private static final Path IN_MEMORY = Path.of("/dev/shm");

    private SharedFile() {}

    /** Makes a file of {@code bytes} zeros. */
    static Path create(long bytes, String purpose) {
        Path folder = Files.isWritable(IN_MEMORY) ? IN_MEMORY : Path.of(System.getProperty("java.io.tmpdir"));
        try {
            long free = Files.getFileStore(folder).getUsableSpace();
            if (free < bytes) {
                throw new DeviceException("out of shared memory: \"" + purpose + "\" wants " + bytes + " bytes, " + free
                        + " are free in " + folder
                        + "; give that file system more room, or run the ranks as threads of one process");
            }
            Path file = Files.createTempFile(folder, "moe4j-" + ProcessHandle.current().pid() + "-", ".shared",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                if (bytes > 0) {
                    channel.write(java.nio.ByteBuffer.allocate(1), bytes - 1);
                }
            }
            return file;
        } catch (IOException e) {
            throw new DeviceException("shared memory \"" + purpose + "\" cannot be made in " + folder + ": "
                    + e.getMessage() + "; make it writable, or run the ranks as threads of one process", e);
        }
    }

    /** Maps {@code file} as memory of this process; {@code heap} counts it if it is this rank's own. */
    @SuppressWarnings("MustBeClosedChecker") // The memory closes it.
    static Memory map(CpuHeap heap, Path file, long bytes, String purpose, boolean own) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            return own ? heap.adopt(segment.address(), bytes, purpose, arena::close)
                    : Memory.of(segment.address(), bytes, purpose, unmapped -> arena.close());
        } catch (IOException e) {
            arena.close();
            throw new DeviceException("shared memory \"" + purpose + "\" cannot be mapped from " + file + ": "
                    + e.getMessage() + "; ranks in several processes must run on one machine, with a common /dev/shm",
                    e);
        }
    }

    static void unlink(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new DeviceException("the name " + file + " of shared memory cannot be removed: " + e.getMessage(), e);
        }
    }
}
