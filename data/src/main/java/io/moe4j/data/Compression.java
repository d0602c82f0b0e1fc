package io.moe4j.data;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.ZipException;

/** How the bytes of a file are compressed, by the end of its name. */
enum Compression {
    NONE(""), GZIP(".gz"), ZSTD(".zst");

    private static final int BUFFER = 1 << 16;

    private final String ending;

    Compression(String ending) {
        this.ending = ending;
    }

    static Compression of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(GZIP.ending) ? GZIP : lower.endsWith(ZSTD.ending) ? ZSTD : NONE;
    }

    /** The name that the file has when it is unpacked. */
    String unpackedName(String name) {
        return name.substring(0, name.length() - ending.length());
    }

    /** Reads what is packed in {@code content}. A file that ends too early, or is damaged, gives an {@link IOException}, never less text. */
    Content unpack(Content content) {
        return switch (this) {
            case NONE -> content;
            case GZIP -> () -> new GzipInput(content.open());
            case ZSTD -> () -> zstd(content.open());
        };
    }

    private static InputStream zstd(InputStream packed) throws IOException {
        try {
            Counted counted = new Counted(packed);
            return new Zstd(new ZstdInputStreamNoFinalizer(new BufferedInputStream(counted, BUFFER)), counted);
        } catch (IOException | RuntimeException e) {
            packed.close();
            throw e;
        }
    }

    /** Reports damage as a ZipException, as the JDK does for its own formats. */
    private static final class Zstd extends FilterInputStream {
        private final Counted packed;

        private Zstd(InputStream in, Counted packed) {
            super(in);
            this.packed = packed;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] target, int from, int count) throws IOException {
            try {
                return super.read(target, from, count);
            } catch (ZstdIOException e) {
                ZipException damaged = new ZipException("it is no whole zstd file: " + e.getMessage()
                        + "; found within its first " + packed.bytes + " bytes");
                damaged.initCause(e);
                throw damaged;
            }
        }
    }

    /** Counts what is read of a file. */
    private static final class Counted extends BlockInput {
        private final InputStream in;
        private long bytes;

        private Counted(InputStream in) {
            this.in = in;
        }

        @Override
        public int read(byte[] target, int from, int count) throws IOException {
            int read = in.read(target, from, count);
            bytes += Math.max(0, read);
            return read;
        }

        @Override
        public int available() throws IOException {
            return in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
