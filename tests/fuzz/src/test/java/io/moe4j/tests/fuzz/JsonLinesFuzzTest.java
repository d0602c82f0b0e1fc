package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.data.BadLines;
import io.moe4j.data.Corpus;
import io.moe4j.data.DocumentSplit;
import io.moe4j.data.MarkedToken;
import io.moe4j.data.StreamOptions;
import io.moe4j.data.StreamedSequences;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Tokenizers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** JSONL data, compared with another reader of JSON, and archives. */
class JsonLinesFuzzTest {
    private static final List<String> WORDS = List.of("{", "}", "[", "]", "\"", "\\", "\\u", "\\ud83d", "\\ude00", ":",
            ",",
            "\n", "\r\n", " ", "\t", "\"text\"", "\"text\":", "null", "true", "NaN", "-Infinity", "Infinity", "0", "01",
            "1.",
            "-", "1e5", "1E-", ".5", "\u0000", "\u00e9", "\u20ac", "\uFEFF", "\\n", "\\x", "//", "'",
            "{\"text\":\"b\"}");

    /** Names of infinity that Jackson reads and that Python does not write. */
    private static final Pattern IN_NO_JSON_BUT_JACKSONS = Pattern.compile("INF|[+]I");

    private static final JsonMapper JACKSON = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(513).maxNumberLength(Integer.MAX_VALUE)
                            .build())
            .build()).enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** At least as many as the control needs. */
    private static final int LINES = 6000;

    private static final Tokenizer BYTES = Tokenizers.bytes();

    private static final List<String> ARCHIVE_WORDS = List.of("PK\u0001\u0002", "PK\u0003\u0004", "PK\u0005\u0006",
            "PK\u0006\u0006", "\u0000", "\uFFFF", "a.zip", "/", ".", "\n");

    @TempDir
    private Path folder;

    /**
     * Each line is accepted, and has the text, exactly as Jackson says. The control: readers that are slightly wrong would differ from Jackson in one of these
     * lines.
     */
    @Test
    void linesAreWhatAnotherReaderSays() {
        List<UnaryOperator<Optional<String>>> wrong = new ArrayList<>(List.of(found -> found.map(String::strip),
                found -> found.map(text -> text.replace("\\", "")),
                found -> found.filter(text -> !text.contains("\u0000")), found -> Optional.of(found.orElse(""))));
        Fuzz.of(LINES).run(lines(), WORDS, input -> {
            byte[] line = oneLine(input);
            if (IN_NO_JSON_BUT_JACKSONS.matcher(new String(line, StandardCharsets.ISO_8859_1)).find()) {
                return true;
            }
            Optional<String> found = found(line);
            if (!hasHalfACharacterInAKey(line)) {
                Optional<String> expected = text(line);
                assertEquals(expected, found);
                wrong.removeIf(each -> !each.apply(found).equals(expected));
            }
            return found.isPresent();
        });
        assertEquals(0, wrong.size(), "wrong readers that no line shows");
    }

    private Optional<String> found(byte[] line) throws IOException {
        try {
            return Optional.of(textOf(write("x.jsonl", line)));
        } catch (InputException e) {
            requireOneShortLine(e.getMessage(), "x.jsonl");
            return Optional.empty();
        }
    }

    @Test
    void jsonFilesAreReadOrRefused() {
        Fuzz.of(1500).run(documents(), WORDS, input -> isRead(write("x.json", input), BadLines.FAIL));
    }

    /** Where bad lines are left out, no line is refused. */
    @Test
    void badLinesAreLeftOutAndCounted() {
        Fuzz.of(1500).run(documents(), WORDS, input -> {
            Path file = write("x.jsonl", input);
            assertTrue(isRead(file, BadLines.SKIP));
            try (StreamedSequences sequences = read(Corpus.open(Optional.of(file), BadLines.SKIP), 8)) {
                sequences.skip(1);
                return sequences.counts().badLines() == 0;
            } catch (InputException e) {
                assertTrue(e.getMessage().contains("has no text"), e.getMessage());
                return false;
            }
        });
    }

    /** The controls: planted faults that only few inputs meet are found. */
    @Test
    void plantedFaultsAreFound() throws IOException {
        Fuzz.of(1500).requireFinds(documents(), WORDS, input -> isRead(write("x.json", input), BadLines.FAIL),
                input -> new String(input, StandardCharsets.ISO_8859_1).contains("[["));
        Fuzz.of(1500).requireFinds(documents(), WORDS, input -> isRead(write("x.jsonl", input), BadLines.SKIP),
                input -> input.length > 0 && input[input.length - 1] == '\\');
        Fuzz.of(1500).requireFinds(archives(), ARCHIVE_WORDS, input -> isRead(write("x.zip", input), BadLines.FAIL),
                input -> input.length > 30 && input[0] == 'P' && input[26] > 40);
    }

    @Test
    void archivesAreReadOrRefused() throws IOException {
        Fuzz.of(1500).run(archives(), ARCHIVE_WORDS, input -> isRead(write("x.zip", input), BadLines.FAIL));
    }

    private static List<byte[]> archives() throws IOException {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(archive)) {
            for (String name : List.of("a/", "a/x.jsonl", "b.txt", "c.json")) {
                ZipEntry entry = new ZipEntry(name);
                // Otherwise the inputs would depend on when they are made.
                entry.setTimeLocal(LocalDateTime.of(2000, 1, 1, 0, 0));
                zip.putNextEntry(entry);
                zip.write((name.contains("js") ? "{\"text\": \"some text\"}" : name.endsWith("/") ? "" : "text")
                        .getBytes(StandardCharsets.UTF_8));
            }
        }
        return List.of(archive.toByteArray());
    }

    private static boolean isRead(Path file, BadLines badLines) {
        try {
            Corpus corpus = Corpus.open(Optional.of(file), badLines);
            corpus.checkHeads();
            corpus.require(BYTES, 1 << 20);
            return true;
        } catch (InputException e) {
            requireOneShortLine(e.getMessage(), file.getFileName().toString());
            return e.getMessage().contains(", and one step of all ranks needs ")
                    || e.getMessage().contains("has no text");
        }
    }

    private static void requireOneShortLine(String message, String name) {
        assertTrue(message.contains(name) && message.lines().count() == 1 && message.length() < 2000, message);
        assertTrue(message.chars().noneMatch(Character::isISOControl), message);
    }

    /** The text of the only document: what a sequence of its bytes has before the end. */
    private static String textOf(Path file) {
        Corpus corpus = Corpus.open(Optional.of(file));
        int length = Math.toIntExact(file.toFile().length()) + 8;
        try {
            corpus.require(BYTES, length);
            throw new AssertionError("more tokens than bytes");
        } catch (InputException e) {
            if (e.getMessage().contains("has no text")) {
                return "";
            }
            if (!e.getMessage().contains(" tokens, and one step")) {
                throw e;
            }
        }
        try (StreamedSequences sequences = read(corpus, length)) {
            int[] ids = new int[length + 1];
            sequences.next(ids);
            Arrays.setAll(ids, i -> MarkedToken.id(ids[i]));
            byte[] text = new byte[length];
            int end = 0;
            for (; ids[end] != BYTES.endToken(); end++) {
                text[end] = (byte) ids[end];
            }
            return new String(Arrays.copyOf(text, end), StandardCharsets.UTF_8);
        }
    }

    private static StreamedSequences read(Corpus corpus, int length) {
        return new StreamedSequences("x", corpus, BYTES,
                new StreamOptions(length, 1, 1, StreamOptions.SHUFFLE_TOKENS, DocumentSplit.NONE), Optional.empty());
    }

    private static Optional<String> text(byte[] line) {
        String text = new String(line, StandardCharsets.UTF_8);
        if (!Arrays.equals(text.getBytes(StandardCharsets.UTF_8), line)) {
            return Optional.empty();
        }
        if (text.startsWith("\uFEFF")) {
            text = text.substring(1);
        }
        if (text.chars().allMatch(c -> " \t\r".indexOf(c) >= 0)) {
            return Optional.of("");
        }
        try {
            JsonNode value = JACKSON.readTree(text).path("text");
            return hasKeyOnce(text) && value.isString()
                    ? Optional.of(new String(value.stringValue().getBytes(StandardCharsets.UTF_16LE),
                            StandardCharsets.UTF_16LE))
                    : Optional.empty();
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }

    /** Whether the outermost object has one text. */
    private static boolean hasKeyOnce(String text) {
        int depth = 0;
        int keys = 0;
        try (JsonParser parser = JACKSON.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                keys += token == JsonToken.PROPERTY_NAME && depth == 1 && parser.currentName().equals("text") ? 1 : 0;
            }
        }
        return keys == 1;
    }

    /** Whether Jackson refuses the line for a reason that makes no difference to the text. */
    private static boolean hasHalfACharacterInAKey(byte[] line) {
        try {
            JACKSON.readTree(new String(line, StandardCharsets.UTF_8));
            return false;
        } catch (JacksonException e) {
            return String.valueOf(e.getOriginalMessage()).contains("surrogate");
        }
    }

    private static byte[] oneLine(byte[] input) {
        byte[] line = input.clone();
        for (int i = 0; i < line.length; i++) {
            line[i] = line[i] == '\n' ? (byte) ' ' : line[i];
        }
        return line;
    }

    private static List<byte[]> lines() {
        return corpus("{\"text\":\"a\"}", "{\"id\":1,\"text\":\"\\u00e9\\n\\ud83d\\ude00\",\"n\":[1,-2.5e3,{}]}",
                "{\"a\":{\"text\":\"x\"},\"text\":\"\u00e9\u20ac\",\"s\":NaN}", "{\"text\":7}", "[1,2]", "\"text\"");
    }

    private static List<byte[]> documents() {
        return corpus("[{\"text\":\"a\"},{\"text\":\"b\"}]", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "[]");
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static List<byte[]> corpus(String... texts) {
        List<byte[]> corpus = new ArrayList<>();
        for (String text : texts) {
            corpus.add(text.getBytes(StandardCharsets.UTF_8));
        }
        return corpus;
    }
}
