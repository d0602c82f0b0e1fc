package io.moe4j.data;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.ZipException;

/** How the bytes of a file are packed, by the end of its name. */
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
            return new Zstd(new ZstdInputStreamNoFinalizer(new BufferedInputStream(packed, BUFFER)));
        } catch (IOException | RuntimeException e) {
            packed.close();
            throw e;
        }
    }

    /** Tells damage as the JDK tells that of its own formats. */
    private static final class Zstd extends FilterInputStream {
        private Zstd(InputStream in) {
            super(in);
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
                ZipException damaged = new ZipException("it is no whole zstd file: " + e.getMessage());
                damaged.initCause(e);
                throw damaged;
            }
        }
    }
}
