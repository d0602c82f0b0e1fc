package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations as documents: what is learned, what is refused, and the same through a folder of tokens. */
class ConversationsTest {
    private static final Tokenizer BYTES = Tokenizers.bytes();
    private static final String HELLO = turns("user", "Hi", "assistant", "Hé");
    private static final int S = 10;

    @TempDir
    private Path folder;

    @Test
    void onlyTheAnswersAreLearned() throws IOException {
        Corpus corpus = corpus(HELLO, BadLines.FAIL);
        List<int[]> sequences = sequences(streamed(corpus, 0, DocumentSplit.NONE));
        assertEquals(1, sequences.size());
        int no = MarkedToken.NOT_LEARNED;
        int padding = BYTES.endToken() | MarkedToken.PADDING | no;
        assertArrayEquals(new int[] {'u' | no | MarkedToken.FIRST, ':' | no, 'H' | no, 'i' | no, '.' | no, 'a' | no,
                ':' | no, 'H', 0xC3, 0xA9, '.'}, sequences.getFirst());
        // Padding is never learned, and belongs to no document.
        int[] longer = new int[S + 4];
        try (StreamedSequences source = new StreamedSequences("x", corpus, BYTES,
                new StreamOptions(longer.length - 1, 1, 1, 0, DocumentSplit.NONE), Optional.empty())) {
            assertTrue(source.next(longer));
        }
        assertArrayEquals(new int[] {padding | MarkedToken.FIRST, padding, padding},
                java.util.Arrays.copyOfRange(longer, S + 1, S + 4));
    }

    @Test
    void aListOfObjectsIsReadLikeLines() throws IOException {
        String two = turns("user", "a", "assistant", "bc") + "\n" + turns("assistant", "d", "user", "e") + "\n";
        List<int[]> lines = sequences(streamed(corpus(two, BadLines.FAIL), 0, DocumentSplit.NONE));
        Path list = Files.writeString(folder.resolve("list.json"), "[" + two.replace("}\n{", "},\n {") + "]");
        Corpus corpus = Corpus.open(Optional.of(list), options(BadLines.FAIL));
        List<int[]> listed = sequences(streamed(corpus, 0, DocumentSplit.NONE));
        assertEquals(2, lines.size());
        for (int i = 0; i < lines.size(); i++) {
            assertArrayEquals(lines.get(i), listed.get(i));
        }
    }

    /** The same tokens and marks from the text, and from a folder of tokens, on any side of a split. */
    @Test
    void aFolderOfTokensHasTheSameMarks() throws IOException {
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 15_000; i++) {
            many.append(turns("user", "q" + i, "assistant", "a".repeat(i % 13), "user", "x", "assistant", "b" + i))
                    .append('\n');
        }
        Corpus corpus = corpus(many.toString(), BadLines.FAIL);
        for (DocumentSplit split : List.of(DocumentSplit.NONE, new DocumentSplit(0.3, false),
                new DocumentSplit(0.3, true))) {
            Path out = folder.resolve("out" + split.hashCode());
            TokenManifest made = Tokenization.run(corpus, BYTES, new Tokenization.Options("bytes", split, 1000, 3), out,
                    (done, all, tokens) -> {
                    });
            assertTrue(made.conversations() && made.shards().size() > 1, made.toString());
            List<int[]> read = sequences(streamed(corpus, 0, split));
            List<int[]> stored = sequences(new ShardSequences("x", TokenFolder.open(out),
                    new StreamOptions(S, 1, 1, 0, DocumentSplit.NONE), Optional.empty()));
            assertEquals(read.size(), stored.size());
            for (int i = 0; i < read.size(); i++) {
                assertArrayEquals(read.get(i), stored.get(i), "sequence " + i);
            }
        }
    }

    /** The templates lie where a model's folder has them, beside the tokenizer. */
    @Test
    void theTemplatesAreKept() throws IOException {
        Map<String, String> templates = Map.of("chat_template.jinja", "a", "additional_chat_templates/tool_use.jinja",
                "b");
        Path data = Files.writeString(folder.resolve("chat.jsonl"), HELLO);
        Path file = Files.writeString(folder.resolve("tokenizer.json"), "{}");
        Path out = folder.resolve("out");
        Tokenization.run(Corpus.open(Optional.of(data),
                CorpusOptions.DEFAULT.withConversations(Optional.of(new SpokenTurns("x", templates)))),
                new CountingTokenizer(List.of(file)), new Tokenization.Options("bytes", DocumentSplit.NONE, 1000, 1),
                out, (done, all, tokens) -> {
                });
        for (Map.Entry<String, String> each : templates.entrySet()) {
            assertEquals(each.getValue(), Files.readString(out.resolve("tokenizer").resolve(each.getKey())));
        }
    }

    @Test
    void aDamagedBitIsFound() throws IOException {
        Path out = folder.resolve("out");
        Tokenization.run(corpus((HELLO + "\n").repeat(20), BadLines.FAIL), BYTES,
                new Tokenization.Options("bytes", DocumentSplit.NONE, 1000, 1), out, (done, all, tokens) -> {
                });
        Path bits = out.resolve("shard-00000.learned");
        byte[] content = Files.readAllBytes(bits);
        assertEquals(Math.ceilDiv(20 * 11, 8), content.length);
        content[7] ^= 4;
        Files.write(bits, content);
        InputException refusal = assertThrows(InputException.class, () -> sequences(new ShardSequences("x",
                TokenFolder.open(out), new StreamOptions(S, 1, 1, 0, DocumentSplit.NONE), Optional.empty())));
        assertTrue(String.valueOf(refusal.getMessage()).contains("shard-00000.learned is damaged"),
                refusal.getMessage());
    }

    @Test
    void whatIsNoConversationIsABadLine() throws IOException {
        String lines = HELLO + "\n{\"messages\":[]}\n{\"messages\":\nnull\n" + HELLO + "\n";
        InputException refusal = assertThrows(InputException.class,
                () -> sequences(streamed(corpus(lines, BadLines.FAIL), 0, DocumentSplit.NONE)));
        assertTrue(String.valueOf(refusal.getMessage())
                .matches(".*chat.jsonl, line 2 has no turn; each must be an object such as \\{\"messages\": \\[.*"
                        + "data.on_bad_line = \"skip\""),
                refusal.getMessage());
        try (StreamedSequences source = streamed(corpus(lines, BadLines.SKIP), 0, DocumentSplit.NONE)) {
            int[] sequence = new int[S + 1];
            assertTrue(source.next(sequence));
            assertTrue(source.next(sequence));
            assertFalse(source.next(sequence));
            assertEquals(new DataCounts(2, 0, 3, 0, 0), source.counts());
        }
    }

    @Test
    void plainTextIsRefused() throws IOException {
        Files.writeString(folder.resolve("chat.jsonl"), HELLO);
        Files.writeString(folder.resolve("readme.md"), "not a conversation");
        Corpus corpus = Corpus.open(Optional.of(folder), options(BadLines.SKIP));
        String message = String.valueOf(assertThrows(InputException.class, corpus::checkHeads).getMessage());
        assertTrue(message.contains("readme.md is plain text") && message.contains("data.path"), message);
    }

    @Test
    void anotherTemplateIsAnotherCorpus() throws IOException {
        Corpus corpus = corpus(HELLO, BadLines.FAIL);
        CorpusFingerprint now = CorpusFingerprint.of(corpus, BYTES, DocumentSplit.NONE);
        Corpus other = Corpus.open(Optional.of(folder.resolve("chat.jsonl")),
                CorpusOptions.DEFAULT.withConversations(Optional.of(new SpokenTurns("another"))));
        assertNotEquals(now.digest(), CorpusFingerprint.of(other, BYTES, DocumentSplit.NONE).digest());
        assertEquals(now.digest(),
                CorpusFingerprint.of(corpus(HELLO, BadLines.FAIL), BYTES, DocumentSplit.NONE).digest());
    }

    @Test
    void halvesOfCharactersAreReplacedAndCounted() throws IOException {
        try (StreamedSequences source = streamed(corpus(turns("user", "\\ud83d", "assistant", "b"), BadLines.FAIL), 0,
                DocumentSplit.NONE)) {
            int[] sequence = new int[S + 1];
            assertTrue(source.next(sequence));
            assertEquals(0xEF, MarkedToken.id(sequence[2]));
            assertEquals(1, source.counts().loneSurrogates());
        }
    }

    /** Without places, learned parts are tokenized apart: of bytes, these are the same tokens. */
    @Test
    void aTokenizerMayHaveNoPlaces() throws ConversationException {
        RenderedConversation rendered = new SpokenTurns("x")
                .render(turns("assistant", "é", "user", "x", "assistant", "y"));
        assertArrayEquals(ConversationTokens.of(rendered, BYTES, "x"),
                ConversationTokens.of(rendered, new PlacelessBytes(), "x"));
    }

    private static String turns(String... rolesAndContents) {
        StringBuilder json = new StringBuilder("{\"id\":7,\"messages\":[");
        for (int i = 0; i < rolesAndContents.length; i += 2) {
            json.append(i == 0 ? "" : ",").append("{\"role\":\"").append(rolesAndContents[i])
                    .append("\",\"content\":\"")
                    .append(rolesAndContents[i + 1]).append("\"}");
        }
        return json.append("]}").toString();
    }

    private Corpus corpus(String lines, BadLines badLines) throws IOException {
        Path file = Files.write(folder.resolve("chat.jsonl"), lines.getBytes(StandardCharsets.UTF_8));
        return Corpus.open(Optional.of(file), options(badLines));
    }

    private static CorpusOptions options(BadLines badLines) {
        return CorpusOptions.DEFAULT.withBadLines(badLines)
                .withConversations(Optional.of(new SpokenTurns("one")));
    }

    private static StreamedSequences streamed(Corpus corpus, int shuffle, DocumentSplit split) {
        return new StreamedSequences("x", corpus, BYTES, new StreamOptions(S, 1, 1, shuffle, split), Optional.empty());
    }

    private static List<int[]> sequences(SequenceSource source) {
        List<int[]> all = new ArrayList<>();
        try (source) {
            int[] sequence = new int[S + 1];
            while (source.next(sequence)) {
                all.add(sequence.clone());
            }
        }
        return all;
    }
}
