package io.moe4j.data;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.InputStream;

/**
 * Text in UTF-8. Invalid bytes are either refused, or each maximal invalid subsequence is replaced by U+FFFD, as the Unicode Standard recommends:
 * {@code 61 e2 82 62} becomes {@code a}, U+FFFD, {@code b}.
 */
final class Utf8Input extends InputStream {
    private static final int SIZE = 1 << 14;

    /** U+FFFD. */
    private final byte[] replacement = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};
    private final String name;
    private final InputStream in;
    private final Reading reading;
    private final byte[] raw = new byte[SIZE];
    /** Each raw byte becomes at most three bytes, and the pending ones three more. */
    private final byte[] text = new byte[3 * SIZE + 16];
    private final byte[] pending = new byte[4];
    private int pendingBytes;
    private int missing;
    private int least;
    private int most;
    private int next;
    private int end;
    private long offset;
    private boolean ended;

    /** @param offset number of bytes before those of {@code in}, for messages */
    Utf8Input(String name, InputStream in, long offset, Reading reading) {
        this.name = name;
        this.in = in;
        this.offset = offset;
        this.reading = reading;
    }

    @Override
    public int read() throws IOException {
        return next < end || fill() ? Byte.toUnsignedInt(text[next++]) : -1;
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        if (next == end && !fill()) {
            return -1;
        }
        int read = Math.min(count, end - next);
        System.arraycopy(text, next, target, from, read);
        next += read;
        return read;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private boolean fill() throws IOException {
        next = 0;
        end = 0;
        while (end == 0 && !ended) {
            int read = in.read(raw, 0, SIZE);
            if (read < 0) {
                ended = true;
                if (pendingBytes > 0) {
                    replace();
                }
            }
            for (int i = 0; i < read; i++) {
                put(raw[i]);
                offset++;
            }
        }
        return end > 0;
    }

    private void put(byte raw) {
        int value = Byte.toUnsignedInt(raw);
        if (missing > 0) {
            if (value >= least && value <= most) {
                pending[pendingBytes++] = raw;
                least = 0x80;
                most = 0xBF;
                if (--missing == 0) {
                    System.arraycopy(pending, 0, text, end, pendingBytes);
                    end += pendingBytes;
                    pendingBytes = 0;
                }
                return;
            }
            replace();
        }
        if (value < 0x80) {
            text[end++] = raw;
            return;
        }
        pending[0] = raw;
        pendingBytes = 1;
        missing = value >= 0xC2 && value <= 0xDF ? 1
                : (value & 0xF0) == 0xE0 ? 2 : value >= 0xF0 && value <= 0xF4 ? 3 : 0;
        least = value == 0xE0 ? 0xA0 : value == 0xF0 ? 0x90 : 0x80;
        most = value == 0xED ? 0x9F : value == 0xF4 ? 0x8F : 0xBF;
        if (missing == 0) {
            replace();
        }
    }

    /** Replaces the pending bytes by U+FFFD, or refuses them. */
    private void replace() {
        if (!reading.skipsBadLines()) {
            throw new InputException(name + " is not UTF-8: byte 0x"
                    + Integer.toHexString(Byte.toUnsignedInt(pending[0]))
                    + " near byte " + (offset - pendingBytes + 1)
                    + " begins no whole character; convert it, for example with"
                    + " iconv -f LATIN1 -t UTF-8, or have such bytes replaced by U+FFFD with data.on_bad_line = \"skip\"");
        }
        reading.invalidBytes(pendingBytes);
        System.arraycopy(replacement, 0, text, end, replacement.length);
        end += replacement.length;
        pendingBytes = 0;
        missing = 0;
    }
}
