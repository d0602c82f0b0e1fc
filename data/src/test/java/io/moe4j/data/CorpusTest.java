package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorpusTest {

    @TempDir
    private Path folder;

    /** Each file of them is text: a run does not look at them again. */
    @Test
    void thePackagedSourcesAreThere() {
        Corpus packaged = Corpus.open(Optional.empty());
        packaged.require(new ByteTokenizer(), 500_000);
        packaged.checkHeads();
        InputException few = assertThrows(InputException.class,
                () -> packaged.require(new ByteTokenizer(), Long.MAX_VALUE));
        assertTrue(few.getMessage().startsWith("the archive of the packaged sources has "), few.getMessage());
    }

    @Test
    void documentsEndWithAToken() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"),
                "{\"text\": \"a\"}\n\n{\"text\": \"\"}\n{\"id\": 3, \"text\": \"bé\"}");
        assertEquals("61 100 62 c3 a9 100 ", read(file));
        assertEquals("68 69 100 ", read(Files.writeString(folder.resolve("x.txt"), "hi")));
        Path archive = folder.resolve("x.zip");
        try (OutputStream out = Files.newOutputStream(archive); ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String name : new String[] {"folder/", "folder/a", "b"}) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(name.endsWith("/") ? new byte[0] : name.getBytes(StandardCharsets.UTF_8));
            }
        }
        assertEquals("66 6f 6c 64 65 72 2f 61 100 62 100 ", read(archive));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "x.txt | | has no text", "x.txt | four | has 5 tokens, and one step of all ranks needs 10",
            "x.jsonl | {\"txt\": \"a\"} | line 1 has no string \"text\", but \"txt\"; data.text_field says",
            "x.jsonl | {\"ask\": \"a\", \"n\": 1, \"say\": \"b\"} | has no string \"text\", but \"ask\", \"say\"; data.text_field",
            "x.jsonl | {\"n\": 1} | has no string \"text\"; data.text_field",
            "x.jsonl | {\"text\": \"a\"}{ | line 1 is not JSON", "x.jsonl | {\"text\": \"a | line 1 is not JSON",
            "x.jsonl | {\"text\": 7} | line 1 has no string \"text\"", "x.bin | a\0b | is not text",
            "x.zip | no archive | is no whole zip archive", "x.zip | | is no whole zip archive",
            "x.json | {\"text\": \"a\"} 7 | value 2 has no string \"text\"",
            "x.json | [{\"text\": \"a\"} {} ] | value 2 is not JSON",
            "x.json | [{\"text\": \"a\"}] 8 | value 2 is not JSON: it ends, and then comes 8"})
    void whatCannotBeReadIsRefused(String name, String content, String expected) throws IOException {
        Path file = Files.writeString(folder.resolve(name), content == null ? "" : content);
        InputException e = assertThrows(InputException.class,
                () -> Corpus.open(Optional.of(file)).require(new ByteTokenizer(), 10));
        assertTrue(e.getMessage().contains(expected) && e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    @Test
    void whatIsNotThereIsRefused() throws IOException {
        assertRefused(folder.resolve("absent"), "does not exist; give a text file, a .jsonl file, or a folder of them");
        assertRefused(Path.of("https://example.org/texts"), "nothing is downloaded: fetch it first");
        assertRefused(folder.resolve("*.txt"), "several are given as a folder, or as [data.sources]");
        assertRefused(Path.of("a.txt,b.txt"), "several are given as a folder, or as [data.sources]");
        assertRefused(folder, "has no files");
        Files.write(folder.resolve("x.jsonl"), new byte[] {'{', (byte) 0xff, '}'});
        InputException e = assertThrows(InputException.class,
                () -> Corpus.open(Optional.of(folder)).require(new ByteTokenizer(), 1));
        assertTrue(e.getMessage().contains("x.jsonl, line 1 is not JSON"), e.getMessage());
    }

    private static void assertRefused(Path path, String expected) {
        InputException e = assertThrows(InputException.class, () -> Corpus.open(Optional.of(path)));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    private static String read(Path file) {
        StringBuilder text = new StringBuilder();
        try (DocumentStream stream = new DocumentStream(Corpus.open(Optional.of(file)).files(), new ByteTokenizer(),
                new Reading(CorpusOptions.DEFAULT, false))) {
            int[] one = new int[1];
            while (stream.read(one, 0, 1) > 0) {
                text.append(Integer.toHexString(MarkedToken.id(one[0]))).append(' ');
            }
        }
        return text.toString();
    }

    /** A wrong name of the field, and bad lines that are left out: the error does not only say that files are empty. */
    @Test
    void tooLittleTextTellsOfLinesThatWereLeftOut() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"), "{\"body\":\"a text\"}\n{\"body\":\"another\"}\n");
        Corpus corpus = Corpus.open(Optional.of(file), BadLines.SKIP);
        InputException none = assertThrows(InputException.class, () -> corpus.require(new ByteTokenizer(), 10));
        assertEquals(
                file + " has no text (2 bad lines were left out, as data.on_bad_line = \"skip\" says; \"fail\" tells"
                        + " what is wrong with the first); give files that are not empty",
                none.getMessage());
        List<DataSource> sources = List.of(new DataSource("data", Optional.of(file), 1, 0));
        DataOptions options = new DataOptions(CorpusOptions.DEFAULT.withBadLines(BadLines.SKIP), 4, 4, 100, 0,
                ChangedData.FAIL);
        assertTrue(String.valueOf(assertThrows(InputException.class,
                () -> TrainingData.require(sources, options, new ByteTokenizer(), 10)).getMessage())
                .contains(" has no text (2 bad lines were left out"));
        Files.writeString(file, "{\"text\":\"ab\"}\n", StandardOpenOption.APPEND);
        Corpus little = Corpus.open(Optional.of(file), BadLines.SKIP);
        assertTrue(String.valueOf(
                assertThrows(InputException.class, () -> little.require(new ByteTokenizer(), 10)).getMessage())
                .contains(" has 3 tokens (2 bad lines were left out"));
    }
}
