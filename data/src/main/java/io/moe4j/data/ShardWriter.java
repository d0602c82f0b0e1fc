package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
import io.moe4j.api.host.Sha256;
import io.moe4j.api.host.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** Writes the files of one shard. They have temporary names until they are whole. */
final class ShardWriter implements AutoCloseable {
    private static final String PART = ".part";

    private final Path folder;
    private final String name;
    private final int tokenBytes;
    private final Output tokens;
    private final Output documents;
    private final Optional<Output> learned;
    /** The bits of the tokens since the last whole byte, at most eight. */
    private int bits;
    private long tokenCount;
    private long documentCount;

    /**
     * Begins to write.
     *
     * @param marked whether tokens have marks that say which are learned
     */
    ShardWriter(Path folder, String name, int tokenBytes, boolean marked) {
        this.folder = folder;
        this.name = name;
        this.tokenBytes = tokenBytes;
        tokens = new Output(part(TokenFolder.TOKENS));
        documents = new Output(part(TokenFolder.DOCUMENTS));
        learned = marked ? Optional.of(new Output(part(TokenFolder.LEARNED))) : Optional.empty();
    }

    long tokens() {
        return tokenCount;
    }

    /** Adds tokens of the document that is being written. */
    void add(int[] ids, int from, int count) {
        if (learned.isPresent()) {
            addMarked(ids, from, count, learned.get());
            return;
        }
        for (int i = from; i < from + count; i++) {
            putId(ids[i]);
        }
        tokenCount += count;
    }

    private void addMarked(int[] marked, int from, int count, Output bitsOf) {
        for (int i = from; i < from + count; i++) {
            putId(MarkedToken.id(marked[i]));
            bits |= MarkedToken.has(marked[i], MarkedToken.NOT_LEARNED) ? 0 : 1 << (int) (tokenCount % Byte.SIZE);
            tokenCount++;
            if (tokenCount % Byte.SIZE == 0) {
                bitsOf.putByte((byte) bits);
                bits = 0;
            }
        }
    }

    private void putId(int id) {
        if (tokenBytes == Short.BYTES) {
            tokens.putShort((short) id);
        } else {
            tokens.putInt(id);
        }
    }

    /** The files of a shard, by the ends of their names, in the order of their checksums. */
    private List<String> ends() {
        return learned.isPresent() ? List.of(TokenFolder.TOKENS, TokenFolder.DOCUMENTS, TokenFolder.LEARNED)
                : List.of(TokenFolder.TOKENS, TokenFolder.DOCUMENTS);
    }

    private List<Output> outputs() {
        return Stream.concat(Stream.of(tokens, documents), learned.stream()).toList();
    }

    /** Ends the document. */
    void endDocument(int promptTokens) {
        documents.putLong(tokenCount);
        documents.putLong(promptTokens);
        documentCount++;
    }

    /** Makes the files durable, and gives them their final names. */
    ShardInfo finish() {
        try {
            if (tokenCount % Byte.SIZE != 0) {
                learned.ifPresent(out -> out.putByte((byte) bits));
            }
            for (Output output : outputs()) {
                output.finish();
            }
            Path sums = part(TokenFolder.SUMS);
            try (FileChannel out = FileChannel.open(sums, StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                for (Output output : outputs()) {
                    writeAll(out, output.sums());
                }
                out.force(true);
            }
            for (String end : ends()) {
                Files.move(part(end), folder.resolve(name + end), StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(sums, folder.resolve(name + TokenFolder.SUMS), StandardCopyOption.ATOMIC_MOVE);
            WholeFile.forceNames(folder);
            MessageDigest all = Sha256.begin();
            outputs().forEach(output -> all.update(output.digest.digest()));
            return new ShardInfo(name, tokenCount, documentCount, Sha256.hex(all));
        } catch (IOException e) {
            throw cannotWrite(e);
        }
    }

    @Override
    public void close() {
        outputs().forEach(Output::close);
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
        private final MessageDigest digest = Sha256.begin();
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

        // A block is a multiple of each of these sizes, so a number never crosses its end.

        private void putByte(byte value) {
            if (!block.hasRemaining()) {
                flush();
            }
            block.put(value);
        }

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
