package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sequences of a corpus, against the text that they come from, and against themselves after a stop. */
class StreamedSequencesTest {
    private static final int SEQUENCE = 7;
    private static final ByteTokenizer TOKENIZER = new ByteTokenizer();

    @TempDir
    private Path folder;
    private long tokens;

    @BeforeEach
    void write() throws IOException {
        Random random = new Random(5);
        Files.createDirectories(folder.resolve("sub"));
        for (String name : List.of("b.txt", "a.md", "sub/c", "d.jsonl", "empty.txt", "e.json")) {
            StringBuilder text = new StringBuilder();
            boolean json = name.contains("json");
            int lines = name.startsWith("empty") ? 0 : 1 + random.nextInt(40);
            for (int i = 0; i < lines; i++) {
                String line = "line " + i + " of " + name + ", " + random.nextLong();
                text.append(json ? "{\"text\": \"" + line + "\"}\n" : line + "\n");
                tokens += line.length() + 1;
            }
            tokens += lines > 0 && !json ? 1 : 0;
            Files.writeString(folder.resolve(name), text);
        }
        Texts.zip(folder.resolve("f.zip"), new TreeMap<>(Map.of("x.jsonl",
                Texts.bytes("{\"text\": \"one of two\"}\n{\"text\": \"two of two\"}"), "y", Texts.bytes("a text"))));
        tokens += 11 + 11 + 7;
        Files.writeString(folder.resolve(".hidden"), "not read");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 30, 1 << 20})
    void anEpochHasEveryTokenOnce(int shuffleTokens) {
        int[] counts = new int[TOKENIZER.vocabulary()];
        try (DocumentStream stream = new DocumentStream(corpus().files(), TOKENIZER,
                new Reading(CorpusOptions.DEFAULT, false))) {
            int[] one = new int[1];
            while (stream.read(one, 0, 1) > 0) {
                counts[MarkedToken.id(one[0])]++;
            }
        }
        assertEquals(tokens, Arrays.stream(counts).asLongStream().sum());
        int[] seen = new int[TOKENIZER.vocabulary()];
        for (int[] sequence : read(open(options(shuffleTokens, 2), Optional.empty()), Integer.MAX_VALUE)) {
            Arrays.stream(sequence).map(MarkedToken::id).forEach(token -> seen[token]++);
        }
        long padding = sequences() * (SEQUENCE + 1) - tokens;
        int[] expected = Arrays.stream(counts).map(count -> 2 * count).toArray();
        expected[TOKENIZER.endToken()] += 2 * (int) padding;
        assertArrayEquals(expected, seen);
    }

    @Test
    void theOrderIsThatOfEarlierVersions() throws Exception {
        // From moe4j 0.2.0: checkpoints of it go on in this order.
        Files.delete(folder.resolve("e.json"));
        Files.delete(folder.resolve("f.zip"));
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        for (int[] sequence : read(open(options(StreamOptions.SHUFFLE_TOKENS, 0), Optional.empty()), 2000)) {
            for (int s = 0; s < SEQUENCE; s++) {
                digest.update(ByteBuffer.allocate(4).putInt(MarkedToken.id(sequence[s])).flip());
            }
        }
        assertEquals("4c5eaf79e638eac9", HexFormat.of().formatHex(digest.digest()).substring(0, 16));
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 200, 1 << 20})
    void goingOnIsTheSameAsNotStopping(int shuffleTokens) {
        StreamOptions options = options(shuffleTokens, 3);
        List<int[]> through = read(open(options, Optional.empty()), Integer.MAX_VALUE);
        assertEquals(3 * sequences(), through.size());
        long seed = 8;
        Random random = new Random(seed);
        Optional<SourcePosition> position = Optional.empty();
        int at = 0;
        while (at < through.size()) {
            try (StreamedSequences source = open(options, position)) {
                int count = Math.min(1 + random.nextInt(60), through.size() - at);
                for (int i = 0; i < count; i++) {
                    int[] sequence = new int[SEQUENCE + 1];
                    if (random.nextInt(4) == 0) {
                        assertEquals(1, source.skip(1));
                    } else {
                        assertTrue(source.next(sequence));
                        assertArrayEquals(through.get(at), sequence, "seed " + seed + ", sequence " + at);
                    }
                    at++;
                }
                position = Optional.of(source.position());
                assertEquals(at, source.passed());
            }
        }
        try (StreamedSequences source = open(options, position)) {
            assertFalse(source.next(new int[SEQUENCE + 1]), "it is used up after three epochs");
            assertEquals(0, source.skip(5));
        }
    }

    @Test
    void goingOnReadsNoMoreThanABlock() throws IOException {
        Path many = Files.createDirectories(folder.resolve("../many" + folder.getFileName()));
        for (int i = 0; i < 50; i++) {
            Files.writeString(many.resolve("%02d.txt".formatted(i)), "text number " + i + " ".repeat(100));
        }
        StreamOptions options = options(300, 0);
        SourcePosition position;
        try (StreamedSequences source = new StreamedSequences("x", Corpus.open(Optional.of(many)), TOKENIZER, options,
                Optional.empty())) {
            // 43 epochs of about 700 sequences.
            assertEquals(30_000, source.skip(30_000));
            position = source.position();
        }
        CountingTokenizer counting = new CountingTokenizer();
        try (StreamedSequences source = new StreamedSequences("x", Corpus.open(Optional.of(many)), counting, options,
                Optional.of(position))) {
            assertTrue(source.next(new int[SEQUENCE + 1]));
        }
        // The rest of a document, the block, and the one that is read ahead.
        assertTrue(counting.tokens() <= 120 + 2 * 420, counting.tokens() + " tokens");
    }

    @Test
    void skippingEpochsIsTheSameAsReadingThem() {
        StreamOptions options = options(100, 0);
        List<int[]> through = read(open(options, Optional.empty()), (int) (6 * sequences()));
        for (long count : new long[] {0, 1, sequences() - 1, sequences(), sequences() + 1, 4 * sequences() + 5}) {
            try (StreamedSequences source = open(options, Optional.empty())) {
                assertEquals(count, source.skip(count));
                int[] sequence = new int[SEQUENCE + 1];
                assertTrue(source.next(sequence));
                assertArrayEquals(through.get((int) count), sequence, "after " + count);
                assertEquals(count / sequences() + 1, source.epoch());
            }
        }
    }

    @Test
    void anEpochKeepsItsOrderWithAnotherSeedAndBlock() {
        List<int[]> through = read(open(options(100, 1), Optional.empty()), Integer.MAX_VALUE);
        SourcePosition position;
        try (StreamedSequences source = open(options(100, 1), Optional.empty())) {
            source.skip(31);
            position = source.position();
        }
        StreamOptions otherSeed = new StreamOptions(SEQUENCE, 99, 2, 100, DocumentSplit.NONE);
        List<int[]> rest = read(open(otherSeed, Optional.of(position)), Integer.MAX_VALUE);
        assertEquals(2 * sequences() - 31, rest.size());
        for (int i = 31; i < sequences(); i++) {
            assertArrayEquals(through.get(i), rest.get(i - 31), "sequence " + i);
        }
        StreamOptions otherBlock = new StreamOptions(SEQUENCE, 3, 1, 777, DocumentSplit.NONE);
        assertEquals(sorted(through.subList(31, through.size())),
                sorted(read(open(otherBlock, Optional.of(position)), Integer.MAX_VALUE)), "each once");
    }

    private static List<String> sorted(List<int[]> sequences) {
        return sequences.stream().map(Arrays::toString).sorted().toList();
    }

    @Test
    void anotherLengthGoesOnNearThePlace() {
        SourcePosition position;
        try (StreamedSequences source = open(options(100, 1), Optional.empty())) {
            source.skip(sequences() / 2);
            position = source.position();
        }
        StreamOptions longer = new StreamOptions(2 * SEQUENCE + 1, 3, 1, 100, DocumentSplit.NONE);
        long left = 0;
        try (StreamedSequences source = open(longer, Optional.of(position))) {
            while (source.skip(1) == 1) {
                left++;
            }
        }
        // Half of the sequences have twice the length: a quarter is left, within a block.
        assertEquals(sequences() / 4.0, left, 100.0 / 16 + 1);
    }

    @Test
    void countsDoNotDependOnStops() throws IOException {
        Files.writeString(folder.resolve("bad.jsonl"),
                "{\"text\":\"a\"}\nbad\n{\"text\":\"\"}\n{\"text\":\"b\\ud800\"}\n7\n");
        Files.write(folder.resolve("latin"), new byte[] {'a', (byte) 0xe9, 'b', (byte) 0xe2, (byte) 0x82});
        Corpus corpus = Corpus.open(Optional.of(folder), BadLines.SKIP);
        StreamOptions options = options(40, 0);
        DataCounts whole = new DataCounts(0, 2, 2, 1, 3);
        Optional<SourcePosition> position = Optional.empty();
        for (int at = 0; at < 2.5 * sequences(); at += 13) {
            try (StreamedSequences source = new StreamedSequences("x", corpus, TOKENIZER, options, position)) {
                source.skip(13);
                position = Optional.of(source.position());
                DataCounts counts = source.counts();
                if (source.epoch() > 1) {
                    assertEquals(whole, new DataCounts(0, counts.emptyDocuments(), counts.badLines(),
                            counts.loneSurrogates(), counts.invalidBytes()), "after " + at);
                }
            }
        }
    }

    @Test
    void aPositionThatIsDamagedIsRefused() {
        SourcePosition position;
        try (StreamedSequences source = open(options(64, 0), Optional.empty())) {
            source.skip(40);
            position = source.position();
        }
        long seed = 3;
        Random random = new Random(seed);
        for (String key : position.values().keySet()) {
            for (String value : List.of("", "-1", "x", "99999999999999999999", "2147483647", "1 2 3")) {
                Map<String, String> values = new TreeMap<>(position.values());
                values.put(key, value);
                SourcePosition damaged = new SourcePosition("x", position.kind(), values);
                // It may be a position by chance; otherwise it is refused, by what opens it or by what reads on.
                try (StreamedSequences source = open(options(64, 0), Optional.of(damaged))) {
                    source.next(new int[SEQUENCE + 1]);
                } catch (InputException e) {
                    assertTrue(e.getMessage().length() > 20, key + " = " + value + ": " + e.getMessage() + random);
                }
            }
        }
        assertThrows(InputException.class, () -> open(options(64, 0),
                Optional.of(new SourcePosition("x", "other-1", position.values()))));
    }

    @Test
    void documentsAreMarked() throws IOException {
        Path file = Files.writeString(folder.resolve("../" + folder.getFileName() + ".jsonl"),
                "{\"q\":\"ab\",\"text\":\"c\"}\n{\"text\":\"\"}\n{\"q\":\"\",\"text\":\"d\"}\n");
        Corpus corpus = Corpus.open(Optional.of(file), CorpusOptions.DEFAULT.withFields("text", Optional.of("q")));
        StreamOptions options = new StreamOptions(7, 1, 1, 100, DocumentSplit.NONE);
        try (StreamedSequences source = new StreamedSequences("x", corpus, TOKENIZER, options, Optional.empty())) {
            int[] sequence = new int[8];
            assertTrue(source.next(sequence));
            int end = TOKENIZER.endToken();
            assertArrayEquals(
                    new int[] {'a' | MarkedToken.FIRST | MarkedToken.NOT_LEARNED, 'b' | MarkedToken.NOT_LEARNED,
                            'c', end, 'd' | MarkedToken.FIRST, end, end | MarkedToken.FIRST | MarkedToken.PADDING,
                            end | MarkedToken.PADDING},
                    sequence);
            assertEquals(new DataCounts(3, 1, 0, 0, 0), source.counts());
        }
    }

    private StreamedSequences open(StreamOptions options, Optional<SourcePosition> position) {
        return new StreamedSequences("x", corpus(), TOKENIZER, options, position);
    }

    private static StreamOptions options(int shuffleTokens, long epochs) {
        return new StreamOptions(SEQUENCE, 3, epochs, shuffleTokens, DocumentSplit.NONE);
    }

    private static List<int[]> read(StreamedSequences source, int most) {
        List<int[]> all = new ArrayList<>();
        try (source) {
            int[] sequence = new int[SEQUENCE + 1];
            while (all.size() < most && source.next(sequence)) {
                all.add(sequence.clone());
            }
        }
        return all;
    }

    private long sequences() {
        return Math.ceilDiv(tokens, SEQUENCE + 1);
    }

    private Corpus corpus() {
        return Corpus.open(Optional.of(folder));
    }
}
