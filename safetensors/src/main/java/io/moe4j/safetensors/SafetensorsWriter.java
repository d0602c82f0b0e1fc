package io.moe4j.safetensors;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes a file under a temporary name, which {@link #commit()} changes to the final one, so that a file with the final name is always complete.
 * Several threads may write.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class SafetensorsWriter implements AutoCloseable {
    private static final long PIECE = 1L << 24;

    private final Path path;
    private final Path written;
    private final RandomAccessOutput output;
    private final Map<String, TensorEntry> tensors;
    private final long dataStart;
    private final long dataBytes;
    private final AtomicLong bytesWritten = new AtomicLong();
    private boolean committed;

    private SafetensorsWriter(Path path, Path written, RandomAccessOutput output, Header header, long dataBytes) {
        this.path = path;
        this.written = written;
        this.output = output;
        this.tensors = header.tensors();
        this.dataStart = header.end();
        this.dataBytes = dataBytes;
    }

    /**
     * Begins a file.
     *
     * @param path the final name; its folder is created if it does not exist
     * @param declared all tensors, in the order of their data
     * @param metadata strings of the header's {@code __metadata__}
     */
    public static SafetensorsWriter create(Path path, List<Declaration> declared, Map<String, String> metadata) {
        try {
            Path folder = path.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Path temporary = path.resolveSibling(path.getFileName() + ".part");
            FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING);
            return begin(path, temporary, RandomAccessOutput.of(channel), declared, metadata);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    /**
     * Begins to write a file that is already open. {@link #commit()} makes it durable and does not change its name; if writing fails, the caller
     * removes the file.
     *
     * @param path its name, for messages
     * @param output the file; this writer closes it
     * @param declared all tensors, in the order of their data
     * @param metadata strings of the header's {@code __metadata__}
     */
    public static SafetensorsWriter create(Path path, RandomAccessOutput output, List<Declaration> declared,
            Map<String, String> metadata) {
        return begin(path, path, output, declared, metadata);
    }

    private static SafetensorsWriter begin(Path path, Path written, RandomAccessOutput output,
            List<Declaration> declared, Map<String, String> metadata) {
        Map<String, TensorEntry> tensors = new LinkedHashMap<>();
        long end = 0;
        for (Declaration tensor : declared) {
            long from = end;
            end = Math.addExact(from, Math.multiplyExact(tensor.elements(), tensor.type().bytes()));
            TensorEntry entry = new TensorEntry(tensor.name(), tensor.type(), tensor.shape(), from, end);
            if (tensor.name().equals(Header.METADATA) || tensors.put(tensor.name(), entry) != null) {
                throw new IllegalArgumentException(path + ": the tensor name \"" + tensor.name()
                        + "\" is taken; names must be unique, and not " + Header.METADATA);
            }
        }
        byte[] start = start(tensors, metadata);
        Header header = new Header(metadata, Collections.unmodifiableMap(tensors), start.length);
        try {
            output.write(ByteBuffer.wrap(start), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
        return new SafetensorsWriter(path, written, output, header, end);
    }

    /**
     * Writes a part of a tensor. Each part must be written exactly once.
     *
     * @param name name of a declared tensor
     * @param fromElement index of the part's first element
     * @param bytes dense, little-endian
     */
    public void write(String name, long fromElement, MemorySegment bytes) {
        TensorEntry entry = tensors.get(name);
        long from = entry == null ? 0 : entry.from() + fromElement * entry.type().bytes();
        if (entry == null || fromElement < 0 || from + bytes.byteSize() > entry.to()) {
            throw new IllegalArgumentException(path + ": " + bytes.byteSize() + " bytes from element " + fromElement
                    + " of " + (entry == null ? "\"" + name + "\", which was not declared" : entry
                            + ", which has " + entry.elements() + " elements"));
        }
        try {
            for (long done = 0; done < bytes.byteSize(); done += PIECE) {
                MemorySegment piece = bytes.asSlice(done, Math.min(PIECE, bytes.byteSize() - done));
                output.write(piece.isNative() ? piece.asByteBuffer()
                        : ByteBuffer.wrap(piece.toArray(ValueLayout.JAVA_BYTE)), dataStart + from + done);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(entry + " cannot be written to " + path, e);
        }
        bytesWritten.addAndGet(bytes.byteSize());
    }

    /**
     * Makes the file durable and gives it its final name, replacing any file with that name.
     *
     * @throws IllegalStateException if any part of a tensor has not been written
     */
    public void commit() {
        if (bytesWritten.get() != dataBytes) {
            throw new IllegalStateException(path + ": " + bytesWritten + " of " + dataBytes
                    + " bytes were written; write every part of every declared tensor once");
        }
        try {
            output.force();
            output.close();
            if (!written.equals(path)) {
                rename();
            }
            committed = true;
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be written", e);
        }
    }

    private void rename() throws IOException {
        try {
            Files.move(written, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(written, path, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Ends writing. Without {@link #commit()}, a file that this writer has created is removed. */
    @Override
    public void close() {
        try {
            output.close();
            if (!committed && !written.equals(path)) {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(written + " cannot be removed", e);
        }
    }

    /** The length and the header, padded with blanks to a multiple of 8. */
    private static byte[] start(Map<String, TensorEntry> tensors, Map<String, String> metadata) {
        Map<String, Object> json = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            json.put(Header.METADATA, metadata);
        }
        tensors.forEach((name, entry) -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("dtype", entry.type().name());
            fields.put("shape", entry.shape());
            fields.put("data_offsets", List.of(entry.from(), entry.to()));
            json.put(name, fields);
        });
        String text = JsonMapper.shared().writeValueAsString(json);
        byte[] header = text.getBytes(StandardCharsets.UTF_8);
        int padding = -header.length & 7;
        return ByteBuffer.allocate(Header.LENGTH_BYTES + header.length + padding).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length + padding).put(header).put(" ".repeat(padding).getBytes(StandardCharsets.UTF_8))
                .array();
    }

    /**
     * A tensor to be written.
     *
     * @param name unique within the file
     * @param type element type
     * @param shape extents; none for a scalar
     */
    public record Declaration(String name, StoredType type, List<Long> shape) {

        /** A tensor of a type that this project computes with. */
        public Declaration(String name, DType dtype, List<Long> shape) {
            this(name, StoredType.of(dtype), shape);
        }

        public Declaration {
            shape = List.copyOf(shape);
        }

        /** Number of elements. */
        public long elements() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }
    }
}
