package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A file of a shard, mapped into memory, with a checksum for each {@link #BLOCK} bytes. Blocks are compared with their checksums before use, so that a
 * damaged byte never becomes a token; only the needed blocks are read.
 */
final class ShardFile {
    /** Bytes of a block: 4,096 tokens of two bytes. */
    static final int BLOCK = 1 << 13;
    private static final ValueLayout.OfInt SUM = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final MemorySegment content;
    private final MemorySegment sums;

    private ShardFile(Path path, MemorySegment content, MemorySegment sums) {
        this.path = path;
        this.content = content;
        this.sums = sums;
    }

    /**
     * Maps a file.
     *
     * @param bytes its size according to the manifest
     * @param sums checksums of its blocks, 4 bytes each
     * @param arena the arena whose closing unmaps it
     */
    static ShardFile map(Path path, long bytes, MemorySegment sums, Arena arena) {
        return new ShardFile(path, map(path, bytes, arena), sums);
    }

    /** Maps a whole file of this size. */
    static MemorySegment map(Path path, long bytes, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() != bytes) {
                throw new InputException(path + " has " + channel.size() + " bytes, and its manifest says " + bytes
                        + ": it was cut off or changed; make it again with moe4j tokenize");
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
        } catch (IOException e) {
            throw new InputException(
                    path + " cannot be read (" + Shown.fileProblem(e) + "); restore it, or make it again with moe4j"
                            + " tokenize",
                    e);
        }
    }

    /** The bytes of the checksums of {@code bytes} bytes. */
    static long sumBytes(long bytes) {
        return (bytes + BLOCK - 1) / BLOCK * Integer.BYTES;
    }

    /**
     * Returns bytes after comparing them with their checksums.
     *
     * @param from index of the first byte
     * @param count number of bytes, within the file
     */
    MemorySegment checked(long from, long count) {
        CRC32C sum = new CRC32C();
        for (long block = from / BLOCK; block * BLOCK < from + count; block++) {
            long begin = block * BLOCK;
            sum.reset();
            sum.update(content.asSlice(begin, Math.min(BLOCK, content.byteSize() - begin)).asByteBuffer());
            if ((int) sum.getValue() != sums.get(SUM, block * Integer.BYTES)) {
                throw new InputException(
                        path + " is damaged: its bytes from " + begin + " on do not have the checksum that they"
                                + " were written with; restore the file, or make it again with moe4j tokenize");
            }
        }
        return content.asSlice(from, count);
    }

    /** A number of eight bytes. */
    long number(long at) {
        return checked(at, Long.BYTES).get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
    }
}
