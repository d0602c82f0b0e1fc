package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;

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
    private long line = 1;

    /**
     * Begins to read.
     *
     * @param name for messages
     * @param byLine whether the end of a line reads as {@link #END}, until {@link #nextLine()}
     */
    ByteInput(String name, InputStream in, boolean byLine) throws IOException {
        this.in = in;
        this.byLine = byLine;
        end = Math.max(0, in.readNBytes(buffer, 0, SIZE));
        next = ByteOrderMark.length(name, buffer, end);
    }

    /** The next byte, 0 to 255, or {@link #END}. */
    int peek() throws IOException {
        if (next == end && !fill()) {
            return END;
        }
        int value = Byte.toUnsignedInt(buffer[next]);
        return byLine && value == '\n' ? END : value;
    }

    /** Takes the next byte. */
    int take() throws IOException {
        int value = peek();
        if (value != END) {
            next++;
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
        int read = in.read(buffer, 0, SIZE);
        next = 0;
        end = Math.max(0, read);
        return read > 0;
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
