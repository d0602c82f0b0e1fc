package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/** Writes the files of one shard. They have other names until they are whole. */
final class ShardWriter implements AutoCloseable {
    private static final String PART = ".part";

    private final Path folder;
    private final String name;
    private final int tokenBytes;
    private final Output tokens;
    private final Output documents;
    private long tokenCount;
    private long documentCount;

    ShardWriter(Path folder, String name, int tokenBytes) {
        this.folder = folder;
        this.name = name;
        this.tokenBytes = tokenBytes;
        tokens = new Output(part(TokenFolder.TOKENS));
        documents = new Output(part(TokenFolder.DOCUMENTS));
    }

    long tokens() {
        return tokenCount;
    }

    /** Adds tokens of the document that is being written. */
    void add(int[] ids, int from, int count) {
        for (int i = from; i < from + count; i++) {
            if (tokenBytes == Short.BYTES) {
                tokens.putShort((short) ids[i]);
            } else {
                tokens.putInt(ids[i]);
            }
        }
        tokenCount += count;
    }

    /** Ends the document. */
    void endDocument(int promptTokens) {
        documents.putLong(tokenCount);
        documents.putLong(promptTokens);
        documentCount++;
    }

    /** Puts the files onto the disk under their names. */
    ShardInfo finish() {
        try {
            tokens.finish();
            documents.finish();
            Path sums = part(TokenFolder.SUMS);
            try (FileChannel out = FileChannel.open(sums, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                writeAll(out, tokens.sums());
                writeAll(out, documents.sums());
                out.force(true);
            }
            for (String end : new String[] {TokenFolder.TOKENS, TokenFolder.DOCUMENTS, TokenFolder.SUMS}) {
                Files.move(part(end), folder.resolve(name + end), StandardCopyOption.ATOMIC_MOVE);
            }
            Records.syncFolder(folder.resolve(name));
            MessageDigest both = Digests.sha256();
            both.update(tokens.digest.digest());
            both.update(documents.digest.digest());
            return new ShardInfo(name, tokenCount, documentCount, HexFormat.of().formatHex(both.digest()));
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    @Override
    public void close() {
        tokens.close();
        documents.close();
    }

    private Path part(String end) {
        return folder.resolve(name + end + PART);
    }

    private InputException cannotWrite(IOException e) {
        return new InputException(folder.resolve(name) + " cannot be written (" + Shown.fileProblem(e)
                + "); make room, or give another folder. What is finished is kept");
    }

    private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** A file, its digest, and the checksums of its blocks. */
    private final class Output {
        private final FileChannel channel;
        private final MessageDigest digest = Digests.sha256();
        private final ByteBuffer block = ByteBuffer.allocate(ShardFile.BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        private ByteBuffer sums = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);

        private Output(Path path) {
            try {
                channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
            } catch (IOException e) {
                throw cannotWrite(e);
            }
        }

        // A block is a multiple of each of these sizes, so that a number never goes over its end.

        private void putShort(short value) {
            if (!block.hasRemaining()) {
                flush();
            }
            block.putShort(value);
        }

        private void putInt(int value) {
            if (!block.hasRemaining()) {
                flush();
            }
            block.putInt(value);
        }

        private void putLong(long value) {
            if (!block.hasRemaining()) {
                flush();
            }
            block.putLong(value);
        }

        private void flush() {
            block.flip();
            if (block.hasRemaining()) {
                CRC32C sum = new CRC32C();
                sum.update(block.duplicate());
                digest.update(block.duplicate());
                if (!sums.hasRemaining()) {
                    sums = ByteBuffer.allocate(2 * sums.capacity()).order(ByteOrder.LITTLE_ENDIAN).put(sums.flip());
                }
                sums.putInt((int) sum.getValue());
                try {
                    writeAll(channel, block);
                } catch (IOException e) {
                    throw cannotWrite(e);
                }
            }
            block.clear();
        }

        private void finish() throws IOException {
            flush();
            channel.force(true);
            channel.close();
        }

        private ByteBuffer sums() {
            return sums.flip();
        }

        private void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw cannotWrite(e);
            }
        }
    }
}
