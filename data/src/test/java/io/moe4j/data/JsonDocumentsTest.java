package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.DocumentReader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON as other programs write it. */
class JsonDocumentsTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"x.jsonl", "x.ndjson", "x.NDJSON", "x.json"})
    void linesOfOtherMakers(String name) throws IOException {
        Path file = Files.writeString(folder.resolve(name),
                "\uFEFF{\"text\":\"a\",\"score\":NaN,\"low\":-Infinity,\"x\":[{}]}\r\n"
                        + "{\"meta\":{\"text\":\"inner\"},\"\\u0074ext\":\"\\u00e9 \\ud83d\\ude00 \\\"\\/\\n\"}\n\n");
        assertEquals(List.of("a", "\u00e9 \uD83D\uDE00 \"/\n"), Texts.of(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[{\"text\":\"a\"},{\"text\":\"b\"}]", "[\n {\"text\": \"a\"},\n {\n\"text\": \"b\"}\n]\n",
            "{\n\"text\":\n\"a\"\n}\n{\"text\":\"b\"}", "{\"text\":\"a\"}{\"text\":\"b\"}"})
    void jsonFilesAreListsOrObjects(String json) throws IOException {
        assertEquals(List.of("a", "b"), Texts.of(Files.writeString(folder.resolve("x.json"), json)));
    }

    @Test
    void emptyFilesHaveNoDocuments() throws IOException {
        assertEquals(List.of(), Texts.of(Files.writeString(folder.resolve("x.json"), " \n")));
        assertEquals(List.of(), Texts.of(Files.writeString(folder.resolve("x.json"), "[ ]\n")));
        assertEquals(List.of(), Texts.of(Files.writeString(folder.resolve("x.jsonl"), "\n\n \n")));
        assertEquals(List.of(""), Texts.of(Files.writeString(folder.resolve("x.txt"), "\uFEFF")));
    }

    @Test
    void badLinesAreCountedAndLeftOut() throws IOException {
        Path file = folder.resolve("x.jsonl");
        Files.write(file, ("{\"text\":\"a\"}\n{\"text\":\"b\n\n7\n{\"text\":\"c\",\"text\":\"d\"}\n{\"t\":\"\u00ff\"}\n"
                + "{\"text\":\"e\"}").getBytes(StandardCharsets.ISO_8859_1));
        Reading reading = new Reading(CorpusOptions.DEFAULT.withBadLines(BadLines.SKIP), false);
        assertEquals(List.of("a", "e"), Texts.of(file, reading));
        assertEquals(new DataCounts(2, 0, 4, 0, 0), reading.counts());
        assertEquals("x.jsonl, line 2 is not JSON: it ends inside a string", refusal(file));
    }

    /** A prompt may be missing, or null, as programs write it that fill a table. A number is none, and a text must not be null. */
    @Test
    void promptsMayBeNull() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"), "{\"p\":null,\"text\":\"a\"}\n{\"text\":\"b\"}\n"
                + "{\"text\":\"c\",\"p\":7}\n{\"text\":null,\"p\":\"d\"}\n{\"p\":nul,\"text\":\"e\"}\n{\"text\":\"f\",\"p\":\"g\"}");
        Reading reading = new Reading(CorpusOptions.DEFAULT.withBadLines(BadLines.SKIP)
                .withFields("text", Optional.of("p")), false);
        List<String> prompts = new ArrayList<>();
        try (DocumentReader documents = Corpus.open(Optional.of(file), reading.options()).files().getFirst()
                .open(reading)) {
            for (var next = documents.next(); next.isPresent(); next = documents.next()) {
                prompts.add(new String(next.get().prompt().orElseThrow().readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        assertEquals(List.of("", "", "g"), prompts);
        assertEquals(3, reading.counts().badLines());
    }

    @Test
    void halvesOfCharactersAreReplacedAndCounted() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"),
                "{\"text\":\"\\ud83d|\\ude00|\\ud83d\\ud83d\\ude00|\\ud83d\\n\"}\n{\"other\":\"\\ud83d\",\"text\":\"\"}");
        Reading reading = new Reading(CorpusOptions.DEFAULT, false);
        assertEquals(List.of("\uFFFD|\uFFFD|\uFFFD\uD83D\uDE00|\uFFFD\n", ""), Texts.of(file, reading));
        assertEquals(new DataCounts(2, 0, 0, 4, 0), reading.counts());
    }

    @Test
    void otherEncodingsAreNamed() throws IOException {
        Path file = Files.write(folder.resolve("x.jsonl"),
                "\uFEFF{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_16LE));
        assertEquals("x.jsonl begins with the byte-order mark of UTF-16, and text must be UTF-8", refusal(file));
        Files.write(file, new byte[] {'{', '"', 't', '"', ':', '"', (byte) 0xC0, (byte) 0x80, '"', '}'});
        assertEquals("x.jsonl, line 1 is not JSON: a string is not UTF-8: byte 0xc0 begins no character",
                refusal(file));
    }

    @Test
    void depthHasALimit() throws IOException {
        String deep = "[".repeat(1_000_000);
        Path file = Files.writeString(folder.resolve("x.jsonl"), "{\"a\":" + deep);
        assertEquals("x.jsonl, line 1 is not JSON: it is nested deeper than 512 levels", refusal(file));
        Files.writeString(file, "{\"a\":" + "[".repeat(511) + "]".repeat(511) + ",\"text\":\"b\"}");
        assertEquals(List.of("b"), Texts.of(file));
    }

    /** What is larger than what is kept in memory comes back whole; longer documents differ in nothing but their size. */
    @Test
    void documentsLargerThanMemoryAreKeptInAFile() throws IOException {
        Path file = folder.resolve("x.jsonl");
        int pieces = 3 * Spool.IN_MEMORY / 8;
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            out.write(Texts.bytes("{\"text\":\"small\"}\n{\"text\":\""));
            for (int i = 0; i < pieces; i++) {
                out.write(Texts.bytes("piece \\n"));
            }
            out.write(Texts.bytes("\"}\n{\"text\":\"last\"}\n"));
        }
        List<String> texts = Texts.of(file);
        assertEquals(List.of("small", "last"), List.of(texts.getFirst(), texts.getLast()));
        assertEquals("piece \n".repeat(pieces), texts.get(1));
    }

    @Test
    void aDocumentIsCheckedBeforeAnyOfItIsGiven() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"), "{\"text\":\"" + "a".repeat(100_000) + "\"");
        InputException e = assertThrows(InputException.class,
                () -> Corpus.open(Optional.of(file)).require(new ByteTokenizer(), 10));
        assertTrue(e.getMessage().contains("line 1 is not JSON: a comma or } was expected, and nothing found"),
                e.getMessage());
    }

    private String refusal(Path file) {
        InputException e = assertThrows(InputException.class, () -> Texts.of(file));
        String message = String.valueOf(e.getMessage());
        return message.substring(folder.toString().length() + 1, message.indexOf(';'));
    }
}
