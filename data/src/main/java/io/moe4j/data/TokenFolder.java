package io.moe4j.data;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder of tokenized text with random access: tokens by position, documents by number. Positions count over all shards, and may exceed 2<sup>31</sup>.
 * Thread-safe; only requested data is read.
 *
 * <p>Each shard has {@code shard-00000.tokens}: ids of 2 or 4 bytes, little-endian, one after another, with the end token after each document that is no
 * conversation;
 * {@code .documents}: 16 bytes for each document, the position of its end in the shard (8 bytes), and the number of tokens of its prompt (8);
 * {@code .learned}, if the documents are conversations: one bit for each token, the lowest of a byte first, that is 1 if the token is learned; {@code .sums}:
 * a CRC-32C for each 8,192 bytes of the first file, then of the others.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class TokenFolder implements AutoCloseable {
    static final String TOKENS = ".tokens";
    static final String DOCUMENTS = ".documents";
    static final String LEARNED = ".learned";
    static final String SUMS = ".sums";
    static final int DOCUMENT_BYTES = 16;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final TokenManifest manifest;
    private final Arena arena;
    private final List<Shard> shards = new ArrayList<>();
    /** For each shard, the position of its first token and the number of its first document; then those after the last shard. */
    private final long[] firstTokens;
    private final long[] firstDocuments;

    private record Shard(ShardFile tokens, ShardFile documents, Optional<ShardFile> learned) {}

    /**
     * A document.
     *
     * @param number from 0, over all shards
     * @param start position of its first token
     * @param end position after its end token
     * @param promptTokens how many of its first tokens are not learned
     */
    public record Extent(long number, long start, long end, long promptTokens) {}

    private TokenFolder(Path path, TokenManifest manifest, Arena arena) {
        this.path = path;
        this.manifest = manifest;
        this.arena = arena;
        int count = manifest.shards().size();
        firstTokens = new long[count + 1];
        firstDocuments = new long[count + 1];
        for (int i = 0; i < count; i++) {
            firstTokens[i + 1] = firstTokens[i] + manifest.shards().get(i).tokens();
            firstDocuments[i + 1] = firstDocuments[i] + manifest.shards().get(i).documents();
        }
    }

    /** Whether this is a folder of tokenized text that is whole. */
    public static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(TokenManifest.NAME));
    }

    /** Whether this is a folder of tokenized text that is not whole yet: {@code moe4j tokenize} was interrupted, or still runs. */
    public static boolean isBegun(Path folder) {
        String first = TokenManifest.shardName(0);
        return !isIn(folder) && Stream.of(TOKENS + ".part", ".properties")
                .anyMatch(end -> Files.exists(folder.resolve(first + end)));
    }

    /**
     * Opens a folder, and compares the sizes of its files with those of the manifest.
     *
     * @throws InputException if a file is missing, is cut off, or the manifest is damaged
     */
    @SuppressWarnings("MustBeClosedChecker") // the folder closes it
    public static TokenFolder open(Path path) {
        TokenManifest manifest = TokenManifest.read(path);
        Arena arena = Arena.ofShared();
        try {
            TokenFolder folder = new TokenFolder(path, manifest, arena);
            for (ShardInfo shard : manifest.shards()) {
                folder.add(shard);
            }
            return folder;
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private void add(ShardInfo shard) {
        long tokenBytes = Math.multiplyExact(shard.tokens(), (long) manifest.tokenBytes());
        long documentBytes = Math.multiplyExact(shard.documents(), (long) DOCUMENT_BYTES);
        long tokenSums = ShardFile.sumBytes(tokenBytes);
        long documentSums = ShardFile.sumBytes(documentBytes);
        long learnedBytes = manifest.conversations() ? learnedBytes(shard) : 0;
        MemorySegment sums = ShardFile.map(path.resolve(shard.name() + SUMS),
                tokenSums + documentSums + ShardFile.sumBytes(learnedBytes), arena);
        shards.add(new Shard(
                ShardFile.map(path.resolve(shard.name() + TOKENS), tokenBytes, sums.asSlice(0, tokenSums), arena),
                ShardFile.map(path.resolve(shard.name() + DOCUMENTS), documentBytes,
                        sums.asSlice(tokenSums, documentSums), arena),
                manifest.conversations()
                        ? Optional.of(ShardFile.map(path.resolve(shard.name() + LEARNED), learnedBytes,
                                sums.asSlice(tokenSums + documentSums), arena))
                        : Optional.empty()));
    }

    /** Bytes of the bits that say which tokens of a shard are learned. */
    static long learnedBytes(ShardInfo shard) {
        return (shard.tokens() + Byte.SIZE - 1) / Byte.SIZE;
    }

    /** The folder's manifest. */
    public TokenManifest manifest() {
        return manifest;
    }

    /** Tokens of all shards. */
    public long tokens() {
        return firstTokens[firstTokens.length - 1];
    }

    /** Documents of all shards. */
    public long documents() {
        return firstDocuments[firstDocuments.length - 1];
    }

    /**
     * Reads ids.
     *
     * @param position of the first
     * @param target array for the ids
     * @param from index of the first id in the array
     * @param count how many
     * @throws InputException if the data that is read is damaged
     */
    public void read(long position, int[] target, int from, int count) {
        if (position < 0 || count < 0 || position + count > tokens()) {
            throw new IndexOutOfBoundsException(count + " tokens from " + position + " on, of " + tokens());
        }
        long at = position;
        int to = from;
        for (int left = count; left > 0;) {
            int shard = find(firstTokens, at);
            int some = (int) Math.min(left, firstTokens[shard + 1] - at);
            copy(shard, at - firstTokens[shard], target, to, some);
            at += some;
            to += some;
            left -= some;
        }
    }

    /**
     * Marks tokens of conversations that are not learned; other folders have none.
     *
     * @param position of the first token
     * @param target the tokens, from index 0
     * @param count how many
     */
    void mark(long position, int[] target, int count) {
        if (!manifest.conversations()) {
            return;
        }
        for (long at = position; at < position + count;) {
            int shard = find(firstTokens, at);
            long from = at - firstTokens[shard];
            int some = (int) Math.min(position + count - at, firstTokens[shard + 1] - at);
            long first = from / Byte.SIZE;
            MemorySegment bits = shards.get(shard).learned().orElseThrow().checked(first,
                    (from + some - 1) / Byte.SIZE - first + 1);
            for (int i = 0; i < some; i++) {
                long bit = from + i - first * Byte.SIZE;
                if ((bits.get(ValueLayout.JAVA_BYTE, bit / Byte.SIZE) >> (bit % Byte.SIZE) & 1) == 0) {
                    target[(int) (at - position) + i] |= MarkedToken.NOT_LEARNED;
                }
            }
            at += some;
        }
    }

    private void copy(int shard, long at, int[] target, int to, int count) {
        int bytes = manifest.tokenBytes();
        MemorySegment ids = shards.get(shard).tokens().checked(at * bytes, (long) count * bytes);
        for (int i = 0; i < count; i++) {
            int id = bytes == Short.BYTES ? Short.toUnsignedInt(ids.get(SHORT, 2L * i)) : ids.get(INT, 4L * i);
            if (id < 0 || id >= manifest.vocabulary()) {
                throw new InputException(path.resolve(manifest.shards().get(shard).name() + TOKENS) + " has the id "
                        + id
                        + ", and ids are in [0, " + manifest.vocabulary() + "); make it again with moe4j tokenize");
            }
            target[to + i] = id;
        }
    }

    /** The document that has the token at a position. Binary search: about 30 reads for a billion documents. */
    public Extent documentAt(long position) {
        int shard = find(firstTokens, position);
        long low = 0;
        long high = manifest.shards().get(shard).documents() - 1;
        while (low < high) {
            long middle = (low + high) >>> 1;
            if (end(shard, middle) > position - firstTokens[shard]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return extent(shard, low);
    }

    /** A document by its number. */
    public Extent document(long number) {
        int shard = find(firstDocuments, number);
        return extent(shard, number - firstDocuments[shard]);
    }

    private Extent extent(int shard, long document) {
        long start = document == 0 ? 0 : end(shard, document - 1);
        long end = end(shard, document);
        long prompt = shards.get(shard).documents().number(document * DOCUMENT_BYTES + Long.BYTES);
        if (start < 0 || end <= start || end > manifest.shards().get(shard).tokens() || prompt < 0
                || prompt >= end - start) {
            throw new InputException(
                    path.resolve(manifest.shards().get(shard).name() + DOCUMENTS) + " is damaged: document "
                            + document + " goes from " + start + " to " + end + " with a prompt of " + prompt
                            + "; make it again with moe4j tokenize");
        }
        return new Extent(firstDocuments[shard] + document, firstTokens[shard] + start, firstTokens[shard] + end,
                prompt);
    }

    private long end(int shard, long document) {
        return shards.get(shard).documents().number(document * DOCUMENT_BYTES);
    }

    /** The shard that has this position or document. Shards are never empty. */
    private static int find(long[] firsts, long wanted) {
        if (wanted < 0 || wanted >= firsts[firsts.length - 1]) {
            throw new IndexOutOfBoundsException(wanted + " of " + firsts[firsts.length - 1]);
        }
        int found = Arrays.binarySearch(firsts, wanted);
        return found >= 0 ? found : -found - 2;
    }

    /** Unmaps its files. Nothing may be read afterwards. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
