package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** An entry of an archive. Its checksum is compared at its end; the JDK does not do this. */
final class CheckedEntry extends BlockInput {
    private final InputStream in;
    private final ZipEntry entry;
    private final CRC32 seen = new CRC32();

    private CheckedEntry(InputStream in, ZipEntry entry) {
        this.in = in;
        this.entry = entry;
    }

    static InputStream open(ZipFile archive, ZipEntry entry) throws IOException {
        InputStream in = archive.getInputStream(entry);
        if (in == null) {
            throw new ZipException("the entry is not there");
        }
        return new CheckedEntry(in, entry);
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
        int read = in.read(target, from, count);
        if (read > 0) {
            seen.update(target, from, read);
        } else if (read < 0 && entry.getCrc() >= 0 && seen.getValue() != entry.getCrc()) {
            throw new ZipException("its checksum is " + Long.toHexString(seen.getValue()) + ", and the archive says "
                    + Long.toHexString(entry.getCrc()));
        }
        return read;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
