package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Bytes with a look-ahead of one, read as a whole or line by line. A byte-order mark at the beginning is skipped. */
final class ByteInput implements AutoCloseable {
    /** The end of the input, or of the line. */
    static final int END = -1;

    private static final int SIZE = 1 << 16;

    private final InputStream in;
    private final boolean byLine;
    private final byte[] buffer = new byte[SIZE];
    private int next;
    private int end;
    /** Number of bytes of the input before those in the buffer. */
    private long before;
    private long line;
    private JsonStrings.@Nullable Sink copy;

    /**
     * Begins to read.
     *
     * @param name for messages
     * @param byLine whether the end of a line reads as {@link #END}, until {@link #nextLine()}
     */
    ByteInput(String name, InputStream in, boolean byLine) throws IOException {
        this(in, byLine, 0, 1);
        fill();
        next = ByteOrderMark.length(name, buffer, end);
    }

    /**
     * Goes on in the middle.
     *
     * @param before number of bytes before the first of {@code in}
     * @param line number of the line that the first of {@code in} is in
     */
    ByteInput(InputStream in, boolean byLine, long before, long line) {
        this.in = in;
        this.byLine = byLine;
        this.before = before;
        this.line = line;
    }

    /** Number of bytes that were taken. */
    long offset() {
        return before + next;
    }

    /** The next byte, 0 to 255, or {@link #END}. */
    int peek() throws IOException {
        if (next == end && !fill()) {
            return END;
        }
        int value = Byte.toUnsignedInt(buffer[next]);
        return byLine && value == '\n' ? END : value;
    }

    /** Copies all bytes that are taken from now on to {@code sink}; null ends this. */
    void copyTo(JsonStrings.@Nullable Sink sink) {
        copy = sink;
    }

    /** Takes the next byte. */
    int take() throws IOException {
        int value = peek();
        if (value != END) {
            next++;
            if (copy != null) {
                copy.put((byte) value);
            }
        }
        return value;
    }

    /** Whether nothing follows, in this line or another. */
    boolean isAtEnd() throws IOException {
        return next == end && !fill();
    }

    /** Skips the rest of the line; false if no line follows. */
    boolean nextLine() throws IOException {
        while (next < end || fill()) {
            if (buffer[next++] == '\n') {
                line++;
                return true;
            }
        }
        return false;
    }

    /** The line's number, from 1. */
    long line() {
        return line;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private boolean fill() throws IOException {
        before += end;
        next = 0;
        end = 0;
        end = in.readNBytes(buffer, 0, SIZE);
        return end > 0;
    }

    /** The byte-order marks that other programs write before text. */
    static final class ByteOrderMark {
        private ByteOrderMark() {}

        /** Bytes to skip: 3 if the text begins with the mark of UTF-8, else 0. Text in UTF-16 is refused. */
        static int length(String name, byte[] text, int count) {
            if (count >= 2 && ((text[0] == (byte) 0xFF && text[1] == (byte) 0xFE)
                    || (text[0] == (byte) 0xFE && text[1] == (byte) 0xFF))) {
                throw new InputException(name + " begins with the byte-order mark of UTF-16, and text must be UTF-8;"
                        + " convert it, for example with iconv -f UTF-16 -t UTF-8");
            }
            return count >= 3 && text[0] == (byte) 0xEF && text[1] == (byte) 0xBB && text[2] == (byte) 0xBF ? 3 : 0;
        }
    }
}
