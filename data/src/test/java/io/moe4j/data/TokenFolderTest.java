package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Text that is tokenized once, and read with random access. */
class TokenFolderTest {
    private static final Tokenizer BYTES = Tokenizers.bytes();
    private static final int S = 15;

    @TempDir
    private Path folder;

    private Path texts;

    @BeforeEach
    void texts() throws IOException {
        texts = Files.createDirectories(folder.resolve("texts"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 6000; i++) {
            lines.append("{\"text\": \"").append(i % 10 == 3 ? "" : "document " + i).append("\", \"ask\": \"")
                    .append(i % 7 == 0 ? "say" : "").append("\"}\n");
        }
        Files.writeString(texts.resolve("a.jsonl"), lines);
        Files.writeString(texts.resolve("b.txt"),
                IntStream.range(0, 200_000).mapToObj(i -> i + " ").collect(Collectors.joining()));
        Files.writeString(texts.resolve("c.txt"), "\u00E9 last");
    }

    /** A folder of tokens of other text is not taken for that of this one, though names and sizes are the same. */
    @Test
    void otherTextOfTheSameSizeIsNotTakenForTokenized() throws IOException {
        tokenize("out", 1, 10_000);
        tokenize("out", 1, 10_000);
        Files.writeString(texts.resolve("c.txt"), "\u00E9 LAST");
        InputException e = assertThrows(InputException.class, () -> tokenize("out", 1, 10_000));
        assertTrue(e.getMessage().contains("asked for: they differ in what is in the files ("), e.getMessage());
    }

    /** What an earlier build has written, without what is in the files, is still whole. */
    @Test
    void aFolderOfAnEarlierBuildIsTakenAsItIs() throws IOException {
        TokenManifest now = tokenize("out", 1, 10_000);
        String plan = now.plan().replaceFirst(", contents [0-9a-f]{32}$", "");
        assertNotEquals(now.plan(), plan);
        TokenManifest earlier = new TokenManifest(now.tokenizer(), now.tokenizerName(), now.vocabulary(),
                now.endToken(),
                plan, now.conversations(), now.tokens(), now.counts(), now.shards());
        earlier.write(folder.resolve("out"));
        assertEquals(earlier, tokenize("out", 1, 10_000));
    }

    /** Marks, prompts, documents' ends and all: what a stream of the same files gives. */
    @Test
    void theTokensAreThoseOfTheStream() {
        Corpus corpus = corpus();
        TokenManifest manifest = tokenize("out", 2, 10_000);
        try (DocumentStream stream = new DocumentStream(corpus.files(), BYTES, new Reading(corpus.options(), false));
                TokenFolder tokens = TokenFolder.open(folder.resolve("out"))) {
            int[] expected = new int[(int) tokens.tokens() + 1];
            assertEquals(tokens.tokens(), stream.read(expected, 0, expected.length));
            assertEquals(stream.counts(), manifest.counts());
            assertTrue(manifest.counts().emptyDocuments() > 400, manifest.toString());
            assertTrue(manifest.shards().size() > 2, manifest.toString());
            for (StreamOptions options : List.of(options(0), options(1))) {
                try (ShardSequences sequences = new ShardSequences("x", TokenFolder.open(folder.resolve("out")),
                        options,
                        Optional.empty())) {
                    assertEpochOf(expected, sequences, (int) tokens.tokens(), options.shuffleTokens() == 0);
                }
            }
            TokenFolder.Extent last = tokens.document(tokens.documents() - 1);
            assertEquals(tokens.tokens(), last.end());
            assertEquals(last, tokens.documentAt(last.start()));
            assertThrows(IndexOutOfBoundsException.class, () -> tokens.documentAt(tokens.tokens()));
            assertThrows(IndexOutOfBoundsException.class, () -> tokens.read(tokens.tokens() - 1, new int[2], 0, 2));
        }
    }

    private static void assertEpochOf(int[] expected, ShardSequences sequences, int tokens, boolean ordered) {
        int[] sequence = new int[S + 1];
        TreeMap<String, Integer> left = new TreeMap<>();
        for (int from = 0; from < tokens; from += S + 1) {
            int[] window = Arrays.copyOfRange(expected, from, Math.min(tokens, from + S + 1));
            left.merge(Arrays.toString(window), 1, Integer::sum);
        }
        int first = 0;
        for (int i = 0; sequences.next(sequence); i++) {
            int padding = 0;
            while (MarkedToken.has(sequence[S - padding], MarkedToken.PADDING)) {
                padding++;
            }
            int[] window = Arrays.copyOf(sequence, S + 1 - padding);
            if (ordered) {
                assertArrayEquals(Arrays.copyOfRange(expected, first, first + window.length), window, "sequence " + i);
            }
            first += window.length;
            assertTrue(left.merge(Arrays.toString(window), -1, Integer::sum) >= 0,
                    "sequence " + i + " comes too often");
        }
        assertEquals(Set.of(0), Set.copyOf(left.values()), "each sequence comes once in an epoch");
    }

    @Test
    void theFilesDoNotDependOnThreads() throws IOException {
        tokenize("one", 1, 10_000);
        tokenize("four", 4, 10_000);
        assertEquals(content("one"), content("four"));
        assertEquals(tokenize("one", 1, 10_000), tokenize("one", 3, 10_000), "what is whole is left as it is");
    }

    /** Java's own message is the path alone. */
    @Test
    void whatIsWrongWithTheFolderIsTold() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("not there"));
        String message = assertThrows(InputException.class, () -> tokenize("link", 1, 10_000)).getMessage();
        assertEquals(link + " cannot be written (" + link
                + " is a link to what is not there); make room, or give another folder", message);
    }

    @Test
    void aFileIsNoPlaceForTokens() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "text");
        String message = assertThrows(InputException.class, () -> tokenize("file", 1, 10_000)).getMessage();
        assertEquals(file + " is a file, and tokens are several files; give a new folder", message);
        assertEquals("text", Files.readString(file));
    }

    /** Interrupted at each of its shards by an error of the tokenizer, and with half-written files around, it ends with the same files. */
    @Test
    void whatWasInterruptedGoesOn() throws IOException {
        tokenize("whole", 2, 10_000);
        int interruptions = 0;
        for (long bytes = 200_000; !TokenFolder.isIn(folder.resolve("cut")); bytes += 200_000) {
            Tokenizer failing = new Failing(bytes);
            try {
                Tokenization.run(corpus(), failing, settings(2, 10_000), folder.resolve("cut"), (done, all, tokens) -> {
                });
            } catch (IllegalStateException e) {
                interruptions++;
                assertTrue(TokenFolder.isBegun(folder.resolve("cut"))
                        || names("cut").stream().noneMatch(name -> name.endsWith(".tokens")));
                Files.writeString(folder.resolve("cut").resolve("shard-00007.tokens.part"), "half");
            }
        }
        assertTrue(interruptions > 1, "interruptions: " + interruptions);
        assertEquals(content("whole"), content("cut"));
    }

    @Test
    void aShardThatWasCutOffIsMadeAgain() throws IOException {
        tokenize("whole", 2, 10_000);
        tokenize("cut", 2, 10_000);
        Files.delete(folder.resolve("cut/tokens.properties"));
        Path second = folder.resolve("cut/shard-00001.tokens");
        Files.write(second, Arrays.copyOf(Files.readAllBytes(second), 100));
        tokenize("cut", 2, 10_000);
        assertEquals(content("whole"), content("cut"));
    }

    @Test
    void damageIsFound() throws IOException {
        TokenManifest manifest = tokenize("out", 2, 10_000);
        for (String name : List.of("shard-00000.tokens", "shard-00001.documents", "shard-00000.sums",
                "tokens.properties")) {
            Path file = folder.resolve("out").resolve(name);
            byte[] whole = Files.readAllBytes(file);
            byte[] flipped = whole.clone();
            flipped[whole.length / 2] ^= 4;
            Files.write(file, flipped);
            assertTrue(refusal().contains(name.endsWith(".sums") ? "shard-00000" : name), name + ": " + refusal());
            Files.write(file, Arrays.copyOf(whole, whole.length - 1));
            assertTrue(refusal().contains(name), refusal());
            Files.delete(file);
            assertTrue(refusal().contains(name), refusal());
            Files.write(file, whole);
        }
        assertEquals(manifest, readAll());
    }

    @Test
    void otherFoldersAreRefused() throws IOException {
        tokenize("out", 2, 10_000);
        assertRefused("they differ in the shards (of 10000 tokens there, of 20000 tokens here); give",
                "out", settings(2, 20_000));
        Files.writeString(folder.resolve("texts/d.txt"), "more");
        assertRefused("they differ in the files, or how they are read: data.path", "out", settings(2, 10_000));
        Files.writeString(Files.createDirectories(folder.resolve("mine")).resolve("thesis.txt"), "text");
        assertRefused("thesis.txt", "mine", settings(2, 10_000));
        DataSource source = new DataSource("x", Optional.of(folder.resolve("out")), 1, 0);
        assertEquals(15, TokenizedSources.sequences(source, BYTES, options(1), Optional.empty()).skip(15));
        InputException other = assertThrows(InputException.class,
                () -> TokenizedSources.sequences(source, new Failing(1), options(1), Optional.empty()));
        assertTrue(String.valueOf(other.getMessage()).contains("was made with the tokenizer bytes"),
                other.getMessage());
        InputException split = assertThrows(InputException.class, () -> TokenizedSources.sequences(source, BYTES,
                new StreamOptions(S, 1, 0, 1, new DocumentSplit(0.1, false)), Optional.empty()));
        assertTrue(String.valueOf(split.getMessage()).contains("--held-out"), split.getMessage());
    }

    /** Whatever the number of ranks, and wherever it goes on, the order is one; a rank reads what is its own. */
    @Test
    void ranksAndPositionsShareOneOrder() {
        tokenize("out", 2, 10_000);
        List<String> all = new ArrayList<>();
        int[] sequence = new int[S + 1];
        try (ShardSequences one = open(Optional.empty())) {
            for (int i = 0; i < 300; i++) {
                assertTrue(one.next(sequence));
                all.add(Arrays.toString(sequence));
            }
        }
        for (int ranks : new int[] {2, 3}) {
            for (int rank = 0; rank < ranks; rank++) {
                try (ShardSequences mine = open(Optional.empty())) {
                    mine.skip(rank);
                    for (int i = rank; i < 300; i += ranks) {
                        assertTrue(mine.next(sequence));
                        assertEquals(all.get(i), Arrays.toString(sequence),
                                "sequence " + i + " on rank " + rank + " of " + ranks);
                        assertEquals(ranks - 1, mine.skip(ranks - 1L));
                    }
                }
            }
        }
        SourcePosition position;
        try (ShardSequences before = open(Optional.empty())) {
            before.skip(123);
            position = before.position();
        }
        try (ShardSequences after = open(Optional.of(position))) {
            after.next(sequence);
            assertEquals(all.get(123), Arrays.toString(sequence));
            long far = 1L << 45;
            assertEquals(far, after.skip(far), "no time passes for this");
            assertTrue(after.next(sequence) && after.epoch() > 1000);
        }
        try (ShardSequences second = open(Optional.empty())) {
            long epoch = second.sequences();
            second.skip(epoch);
            second.next(sequence);
            assertNotEquals(all.getFirst(), Arrays.toString(sequence), "each epoch has its own order");
        }
    }

    @Test
    void aPositionOfOtherTokensIsRefusedOrBeginsAnew() {
        tokenize("out", 2, 10_000);
        DataSource source = new DataSource("x", Optional.of(folder.resolve("out")), 1, 0);
        SourcePosition here = open(Optional.empty()).position();
        SourcePosition other = new SourcePosition("x", "stream-1", here.values());
        assertEquals(Optional.of(here), TokenizedSources.checked(source, Optional.of(here), ChangedData.RESTART));
        assertEquals(Optional.empty(), TokenizedSources.checked(source, Optional.of(other), ChangedData.RESTART));
        Optional<SourcePosition> kept = TokenizedSources.checked(source, Optional.of(other), ChangedData.FAIL);
        InputException refusal = assertThrows(InputException.class, () -> open(kept));
        assertTrue(String.valueOf(refusal.getMessage()).contains("data.on_changed = \"restart\""),
                refusal.getMessage());
    }

    /** Bytes of other sequences may be damaged: they are not looked at. */
    @Test
    void onlyWhatIsAskedForIsRead() throws IOException {
        tokenize("out", 2, 1 << 30);
        Path file = folder.resolve("out/shard-00000.tokens");
        byte[] bytes = Files.readAllBytes(file);
        long kept = 40L * ShardFile.BLOCK;
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = i >= kept && i < kept + ShardFile.BLOCK ? bytes[i] : 0x55;
        }
        Files.write(file, bytes);
        try (TokenFolder tokens = TokenFolder.open(folder.resolve("out"))) {
            int[] target = new int[S + 1];
            tokens.read(kept / 2 + 100, target, 0, S + 1);
            InputException damage = assertThrows(InputException.class,
                    () -> tokens.read(kept / 2 - S, target, 0, S + 1));
            assertTrue(String.valueOf(damage.getMessage()).contains("bytes from " + (kept - ShardFile.BLOCK)),
                    damage.getMessage());
        }
    }

    @Test
    void wideIdsAreKept() throws IOException {
        Tokenizer wide = new Failing(Long.MAX_VALUE) {
            @Override
            public int vocabulary() {
                return 70_000;
            }

            @Override
            public int endToken() {
                return 69_999;
            }
        };
        TokenManifest manifest = Tokenization.run(corpus(), wide, settings(2, 10_000), folder.resolve("wide"),
                (done, all, tokens) -> {
                });
        assertEquals(4, manifest.tokenBytes());
        try (TokenFolder tokens = TokenFolder.open(folder.resolve("wide"))) {
            int[] end = new int[1];
            tokens.read(tokens.tokens() - 1, end, 0, 1);
            assertEquals(69_999, end[0]);
        }
    }

    /** A document of more than 16 MiB is tokenized while it is read. */
    @Test
    void longDocumentsArePassedThrough() throws IOException {
        Files.writeString(texts.resolve("a-long.txt"), "\u00E9x".repeat(6 << 20));
        theTokensAreThoseOfTheStreamInOneShard();
    }

    private void theTokensAreThoseOfTheStreamInOneShard() {
        Corpus corpus = corpus();
        tokenize("long", 2, 1 << 28);
        try (DocumentStream stream = new DocumentStream(corpus.files(), BYTES, new Reading(corpus.options(), false));
                TokenFolder tokens = TokenFolder.open(folder.resolve("long"))) {
            int[] expected = new int[(int) tokens.tokens() + 1];
            assertEquals(tokens.tokens(), stream.read(expected, 0, expected.length));
            int[] found = new int[(int) tokens.tokens()];
            tokens.read(0, found, 0, found.length);
            for (int i = 0; i < found.length; i++) {
                expected[i] = MarkedToken.id(expected[i]);
            }
            assertArrayEquals(found, Arrays.copyOf(expected, found.length));
        }
    }

    private void assertRefused(String expected, String name, Tokenization.Options settings) {
        InputException refusal = assertThrows(InputException.class,
                () -> Tokenization.run(corpus(), BYTES, settings, folder.resolve(name), (done, all, tokens) -> {
                }));
        assertTrue(String.valueOf(refusal.getMessage()).contains(expected), refusal.getMessage());
    }

    private String refusal() {
        return String.valueOf(assertThrows(InputException.class, this::readAll).getMessage());
    }

    private TokenManifest readAll() {
        try (TokenFolder tokens = TokenFolder.open(folder.resolve("out"))) {
            int[] some = new int[1000];
            for (long at = 0; at < tokens.tokens(); at += some.length) {
                tokens.read(at, some, 0, (int) Math.min(some.length, tokens.tokens() - at));
            }
            for (long i = 0; i < tokens.documents(); i++) {
                tokens.document(i);
            }
            return tokens.manifest();
        }
    }

    private ShardSequences open(Optional<SourcePosition> position) {
        return new ShardSequences("x", TokenFolder.open(folder.resolve("out")),
                new StreamOptions(S, 42, 0, 1, DocumentSplit.NONE), position);
    }

    private TokenManifest tokenize(String name, int threads, long shardTokens) {
        return Tokenization.run(corpus(), BYTES, settings(threads, shardTokens), folder.resolve(name),
                (done, all, tokens) -> {
                });
    }

    private Corpus corpus() {
        return Corpus.open(Optional.of(texts), CorpusOptions.DEFAULT.withFields("text", Optional.of("ask")));
    }

    private static Tokenization.Options settings(int threads, long shardTokens) {
        return new Tokenization.Options("bytes", DocumentSplit.NONE, shardTokens, threads);
    }

    private static StreamOptions options(int shuffle) {
        return new StreamOptions(S, 42, 1, shuffle, DocumentSplit.NONE);
    }

    private List<String> names(String name) {
        try (Stream<Path> files = Files.list(folder.resolve(name))) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, String> content(String name) throws IOException {
        Map<String, String> content = new TreeMap<>();
        for (String file : names(name)) {
            content.put(file,
                    new String(Files.readAllBytes(folder.resolve(name).resolve(file)), StandardCharsets.ISO_8859_1));
        }
        return content;
    }

    /** The tokenizer of bytes, until it has read so many. */
    private static class Failing extends PlacelessBytes {
        private final long most;
        private long read;

        Failing(long most) {
            this.most = most;
        }

        @Override
        public String identity() {
            return most == 1 ? "another" : "bytes";
        }

        @Override
        public Tokens tokens(InputStream text) {
            Tokens real = super.tokens(text);
            return (target, from, count) -> {
                int some = real.read(target, from, count);
                synchronized (this) {
                    read += Math.max(0, some);
                    if (read > most) {
                        throw new IllegalStateException("the process is killed");
                    }
                }
                return some;
            };
        }
    }
}
