package io.moe4j.source.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.text.Document;
import io.moe4j.api.text.DocumentReader;
import io.moe4j.api.text.ReadLog;
import io.moe4j.api.text.ReadRequest;
import io.moe4j.api.text.SourceInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of PyArrow 25: 60 rows in groups of 25, of which three after each other have one text. */
class ParquetDocumentsTest {
    private final List<String> bad = new ArrayList<>();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"none-plain", "none-dictionary", "snappy-plain", "snappy-dictionary", "gzip-plain",
            "gzip-dictionary", "zstd-plain", "zstd-dictionary", "pages-2"})
    void everyCodecAndEncodingIsRead(String name) throws IOException {
        List<String> expected = IntStream.range(0, 60).mapToObj(i -> "document " + i / 3 + ": Grüße, 世界").toList();
        assertEquals(expected, texts(request(file(name))));
        ReadRequest withPrompts = request(file(name)).withFields("text", Optional.of("prompt"));
        assertEquals(IntStream.range(0, 60).mapToObj(i -> (i % 2 == 0 ? "ask " + i : "") + "|" + expected.get(i))
                .toList(), texts(withPrompts));
    }

    @Test
    void goingOnIsTheSameAsNotStopping() throws IOException {
        List<String> through = texts(request(file("zstd-dictionary")));
        String position = "";
        for (int i = 0; i <= 60; i++) {
            try (DocumentReader reader = open(request(file("zstd-dictionary")).withPosition(position))) {
                Optional<Document> next = reader.next();
                assertEquals(i < 60, next.isPresent(), "row " + i);
                if (next.isPresent()) {
                    assertEquals(through.get(i), text(next.get()));
                    position = reader.position();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "list | has the nested column \"text\", and a column of strings is needed",
            "struct | has the nested column \"text\"",
            "numbers | has values of the type INT64 in the column \"text\", and a column of strings is needed",
            "other-column | has no column \"text\", but [body]; set data.text_field to the one with text",
            "brotli | is compressed with brotli in the column \"text\", and zstd, snappy, gzip and none are read"})
    void whatIsNoColumnOfTextsIsRefused(String name, String expected) throws IOException {
        Path file = file(name);
        InputException e = assertThrows(InputException.class, () -> texts(request(file)));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void rowsWithoutATextAreTold() throws IOException {
        assertEquals(List.of("a", "", "b"), texts(request(file("nulls"))));
        assertEquals(List.of("nulls.parquet, row 2 has no text in the column \"text\", but null"), bad);
        assertEquals(List.of("plain bytes"), texts(request(file("binary"))));
        assertEquals("binary.parquet, row 2 is not UTF-8 in the column \"text\"", bad.getLast());
        assertEquals(List.of(), texts(request(file("empty"))));
        assertEquals(List.of("large é", "binary"), texts(request(file("large-strings"))));
    }

    /** Fields of structs that are null are left out, as they are in JSON; contents are not. */
    @Test
    void rowsWithMessagesAreObjects() throws IOException {
        ReadRequest request = request(file("messages")).withMessagesField(Optional.of("messages"));
        assertEquals(List.of(
                "{\"id\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi \\\"you\\\"\\n\"},"
                        + "{\"role\":\"assistant\",\"content\":\"Grüße 世界 \\ud83d\\ude00\"}],\"tools\":null}",
                "{\"id\":2,\"messages\":[{\"role\":\"user\",\"content\":\"sum?\"},{\"role\":\"assistant\",\"content\":null,"
                        + "\"tool_calls\":[{\"type\":\"function\",\"function\":{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
                        + "{\"role\":\"tool\",\"content\":\"2\"},{\"role\":\"assistant\",\"content\":\"2\"}],\"tools\":\"[]\"}",
                "{\"id\":3,\"messages\":null,\"tools\":null}"), texts(request));
        try (DocumentReader second = open(request.withPosition("1"))) {
            assertTrue(text(second.next().orElseThrow()).startsWith("{\"id\":2,"));
        }
        assertTrue(texts(request(file("messages-json")).withMessagesField(Optional.of("messages"))).getFirst()
                .startsWith("{\"messages\":\"[{\\\"role\\\": \\\"user\\\""));
        InputException e = assertThrows(InputException.class,
                () -> texts(request(file("numbers")).withMessagesField(Optional.of("text"))));
        assertTrue(e.getMessage().contains("has neither lists nor strings in the column"), e.getMessage());
    }

    @Test
    void damageIsFound() throws IOException {
        byte[] whole = Files.readAllBytes(file("zstd-plain"));
        Path damaged = folder.resolve("damaged.parquet");
        for (int length = 0; length < whole.length; length += 97) {
            Files.write(damaged, Arrays.copyOf(whole, length));
            assertThrows(InputException.class, () -> texts(request(damaged)), "cut to " + length);
        }
        Files.writeString(damaged, "no Parquet at all, but text");
        InputException e = assertThrows(InputException.class, () -> texts(request(damaged)));
        assertTrue(e.getMessage().contains("cannot be read as Parquet"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"61", "x", "-1", "10:3:0", "9999999999999999999"})
    void positionsOfOtherFilesAreRefused(String position) throws IOException {
        ReadRequest request = request(file("none-plain")).withPosition(position);
        InputException e = assertThrows(InputException.class, () -> texts(request));
        assertTrue(e.getMessage().contains("when the checkpoint was written"), e.getMessage());
    }

    private List<String> texts(ReadRequest request) throws IOException {
        List<String> texts = new ArrayList<>();
        try (DocumentReader reader = open(request)) {
            for (Optional<Document> next = reader.next(); next.isPresent(); next = reader.next()) {
                texts.add(text(next.get()));
            }
        }
        return texts;
    }

    private static DocumentReader open(ReadRequest request) throws IOException {
        return new ParquetSourceProvider().open(request);
    }

    private static String text(Document document) throws IOException {
        String prompt = document.prompt().isPresent() ? string(document.prompt().get()) + "|" : "";
        return prompt + string(document.text());
    }

    private static String string(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    private Path file(String name) throws IOException {
        Path file = folder.resolve(name + ".parquet");
        if (!Files.exists(file)) {
            try (InputStream in = ParquetDocumentsTest.class.getResourceAsStream(name + ".parquet")) {
                Files.copy(Objects.requireNonNull(in), file);
            }
        }
        return file;
    }

    private ReadRequest request(Path file) {
        SourceInput input = new SourceInput() {
            @Override
            public String name() {
                return file.getFileName().toString();
            }

            @Override
            public InputStream open(long from) throws IOException {
                throw new IOException("it reads the file");
            }

            @Override
            public Path file() {
                return file;
            }
        };
        return ReadRequest.of(input, new ReadLog() {
            @Override
            public void badLine(String where, String problem) {
                bad.add(where + " " + problem);
            }

            @Override
            public boolean skipsBadLines() {
                return true;
            }

            @Override
            public void loneSurrogates(long count) {
                throw new AssertionError("there are none");
            }
        });
    }
}
