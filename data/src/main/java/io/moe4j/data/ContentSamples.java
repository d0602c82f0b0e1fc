package io.moe4j.data;

import io.moe4j.api.host.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/**
 * A digest of parts of files, with which other text in files of the same names and sizes is noticed. A file of at most 64 KiB is read whole; of a longer one,
 * 16 blocks of 4 KiB are, from its first byte to its last, evenly spaced: of 1 MB, those that begin at 0, 66,393, 132,786, and so on to 995,904. So a file
 * costs one opening and 64 KiB at most, however long it is, and an edit between blocks that keeps the size is not noticed.
 */
final class ContentSamples {
    private static final int BLOCKS = 16;
    private static final int BLOCK_BYTES = 4 << 10;

    private ContentSamples() {}

    /**
     * The digest of files in their order.
     *
     * @throws io.moe4j.api.InputException if one cannot be read
     */
    static MessageDigest of(List<CorpusFile> files) {
        MessageDigest digest = Sha256.begin();
        ByteBuffer buffer = ByteBuffer.allocate(BLOCKS * BLOCK_BYTES);
        for (CorpusFile file : files) {
            try {
                if (file.content() instanceof FileContent content) {
                    addFile(digest, content.path(), content.bytes(), buffer);
                } else {
                    addAll(digest, file.content());
                }
            } catch (IOException e) {
                throw CorpusFile.unreadable(file.name(), e);
            }
        }
        return digest;
    }

    private static void addFile(MessageDigest digest, Path path, long bytes, ByteBuffer buffer) throws IOException {
        try (FileChannel channel = FileChannel.open(path)) {
            if (bytes <= buffer.capacity()) {
                add(digest, channel, 0, buffer.clear().limit((int) bytes));
                return;
            }
            for (int block = 0; block < BLOCKS; block++) {
                // As a quotient and a remainder, so that no product exceeds 64 bits.
                long last = bytes - BLOCK_BYTES;
                long from = last / (BLOCKS - 1) * block + last % (BLOCKS - 1) * block / (BLOCKS - 1);
                add(digest, channel, from, buffer.clear().limit(BLOCK_BYTES));
            }
        }
    }

    /** A file that has become shorter since it was listed is refused when it is read; here its end is the end. */
    private static void add(MessageDigest digest, FileChannel channel, long from, ByteBuffer into) throws IOException {
        while (into.hasRemaining() && channel.read(into, from + into.position()) >= 0) {
            // Until all is there.
        }
        digest.update(into.flip());
    }

    /** The packaged sources: a few megabytes, which another build may have other ones of. */
    private static void addAll(MessageDigest digest, Content content) throws IOException {
        byte[] buffer = new byte[BLOCKS * BLOCK_BYTES];
        try (InputStream in = content.open()) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
    }
}
