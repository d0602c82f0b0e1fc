package io.moe4j.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * Unpacks a gzip file of one or more members, as {@code cat a.gz b.gz} makes it. Zeros may follow the last member. Unlike with the JDK's stream, anything
 * else after a member is an error: a damaged member is never taken for the end of the text.
 */
final class GzipInput extends BlockInput {
    private static final int SIZE = 1 << 16;
    private static final int CHECKSUM_OF_HEADER = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;

    private final InputStream in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 checksum = new CRC32();
    private final byte[] buffer = new byte[SIZE];
    /** Number of bytes of the file before those in the buffer. */
    private long before;
    private int next;
    private int end;
    private long length;
    private boolean first = true;
    private boolean inMember;
    private boolean ended;

    GzipInput(InputStream in) {
        this.in = in;
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
        if (count == 0) {
            return 0;
        }
        while (!ended) {
            if (!inMember) {
                begin();
                continue;
            }
            int read = inflate(target, from, count);
            if (read > 0) {
                checksum.update(target, from, read);
                length += read;
                return read;
            }
            if (inflater.finished()) {
                finish();
            } else if (inflater.needsDictionary()) {
                throw damaged("it needs a dictionary");
            }
        }
        return -1;
    }

    @Override
    public void close() throws IOException {
        inflater.end();
        in.close();
    }

    private int inflate(byte[] target, int from, int count) throws IOException {
        try {
            int read = inflater.inflate(target, from, count);
            if (read == 0 && inflater.needsInput()) {
                require(next < end || fill());
                inflater.setInput(buffer, next, end - next);
                next = end;
            }
            return read;
        } catch (DataFormatException e) {
            next -= inflater.getRemaining();
            throw damaged(String.valueOf(e.getMessage()));
        }
    }

    /** Reads the header of the next member, or finds the end. */
    private void begin() throws IOException {
        int value = take();
        while (!first && value == 0) {
            value = take();
        }
        if (value < 0 && !first) {
            ended = true;
            return;
        }
        require(value >= 0);
        if (value != 0x1f || needed() != 0x8b || needed() != 8) {
            throw first ? new ZipException("it is no gzip file")
                    : damaged("what follows a member is neither another one nor zeros");
        }
        int flags = needed();
        skip(6);
        if ((flags & EXTRA) != 0) {
            skip(needed() | needed() << 8);
        }
        for (int i = Integer.bitCount(flags & (NAME | COMMENT)); i > 0; i--) {
            while (needed() != 0) {
                // A text that ends with a zero.
            }
        }
        skip((flags & CHECKSUM_OF_HEADER) != 0 ? 2 : 0);
        inMember = true;
    }

    /** Compares checksum and length of a member with the values that follow it in the file. */
    private void finish() throws IOException {
        next -= inflater.getRemaining();
        long expected = word();
        long expectedLength = word();
        if (expected != checksum.getValue() || expectedLength != (length & 0xFFFF_FFFFL)) {
            throw damaged("its checksum is " + Long.toHexString(checksum.getValue()) + " of " + length
                    + " bytes, and the file says " + Long.toHexString(expected) + " of " + expectedLength);
        }
        checksum.reset();
        inflater.reset();
        length = 0;
        inMember = false;
        first = false;
    }

    private long word() throws IOException {
        long word = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            word |= (long) needed() << shift;
        }
        return word;
    }

    private void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            needed();
        }
    }

    private int needed() throws IOException {
        int value = take();
        require(value >= 0);
        return value;
    }

    private int take() throws IOException {
        return next < end || fill() ? Byte.toUnsignedInt(buffer[next++]) : -1;
    }

    private void require(boolean more) throws EOFException {
        if (!more) {
            throw new EOFException("it is no whole gzip file: it ends too early, after " + (before + next) + " bytes");
        }
    }

    private ZipException damaged(String problem) {
        return new ZipException(
                "it is no whole gzip file: " + problem + "; found after " + (before + next) + " bytes of it");
    }

    private boolean fill() throws IOException {
        before += end;
        next = 0;
        end = Math.max(0, in.read(buffer, 0, SIZE));
        return end > 0;
    }
}
