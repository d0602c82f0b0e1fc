package io.moe4j.data;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes that are kept until they have been checked: the first ones in memory, the rest in a temporary file. */
final class Spool implements JsonStrings.Sink, AutoCloseable {
    /** The most bytes that are kept in memory. */
    static final int IN_MEMORY = 1 << 22;

    private final int limit;
    private byte[] memory = new byte[1 << 12];
    private int length;
    private @Nullable Path file;
    private @Nullable OutputStream out;
    private @Nullable InputStream in;

    Spool() {
        this(IN_MEMORY);
    }

    Spool(int limit) {
        this.limit = limit;
    }

    @Override
    public void put(byte value) throws IOException {
        if (out != null) {
            out.write(value);
            return;
        }
        if (length == limit) {
            spill().write(value);
            return;
        }
        if (length == memory.length) {
            memory = Arrays.copyOf(memory, Math.min(limit, 2 * length));
        }
        memory[length++] = value;
    }

    /** The bytes since the last {@link #clear()}. Nothing may be added until the next one. */
    InputStream content() throws IOException {
        Path spilled = file;
        OutputStream written = out;
        if (spilled == null || written == null) {
            return new ByteArrayInputStream(memory, 0, length);
        }
        written.close();
        in = new BufferedInputStream(Files.newInputStream(spilled));
        return in;
    }

    /** Discards all bytes. */
    void clear() throws IOException {
        length = 0;
        try (InputStream reading = in; OutputStream writing = out) {
            in = null;
            out = null;
        } finally {
            if (file != null) {
                Files.deleteIfExists(file);
                file = null;
            }
        }
    }

    @Override
    public void close() throws IOException {
        clear();
    }

    private OutputStream spill() throws IOException {
        Path temporary = Files.createTempFile("moe4j-document-", ".tmp");
        file = temporary;
        OutputStream stream = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 16);
        out = stream;
        stream.write(memory, 0, length);
        return stream;
    }
}
