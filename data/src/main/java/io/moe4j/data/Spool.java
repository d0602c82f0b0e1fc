package io.moe4j.data;

import java.io.BufferedInputStream;
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

    private static final int FIRST = 1 << 12;

    private final int limit;
    private byte[] memory;
    private int length;
    private @Nullable Path file;
    private @Nullable OutputStream out;
    private @Nullable InputStream in;

    Spool() {
        this(IN_MEMORY);
    }

    Spool(int limit) {
        this.limit = limit;
        memory = new byte[Math.min(limit, FIRST)];
    }

    @Override
    public void put(byte value) throws IOException {
        if (length == memory.length) {
            makeRoom();
        }
        memory[length++] = value;
    }

    /** Doubles the memory up to the limit; from then on, what it holds goes to the file whenever it is full. */
    private void makeRoom() throws IOException {
        if (length < limit) {
            memory = Arrays.copyOf(memory, Math.min(limit, 2 * length));
            return;
        }
        flush(out == null ? spill() : out);
    }

    private void flush(OutputStream stream) throws IOException {
        stream.write(memory, 0, length);
        length = 0;
    }

    /** The bytes since the last {@link #clear()}. Nothing may be added until the next one. */
    InputStream content() throws IOException {
        Path spilled = file;
        OutputStream written = out;
        if (spilled == null || written == null) {
            return new ByteArrayInputStream(memory, 0, length);
        }
        flush(written);
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
        OutputStream stream = Files.newOutputStream(temporary);
        out = stream;
        return stream;
    }
}
