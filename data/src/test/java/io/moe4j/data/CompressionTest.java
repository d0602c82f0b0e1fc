package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import io.moe4j.api.InputException;
import io.moe4j.api.text.DocumentReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionTest {
    private static final String LINES = "{\"text\":\"a\"}\n{\"text\":\"bé\"}\n{\"text\":\"\"}\n{\"text\":\"c\"}\n";
    private static final List<String> TEXTS = List.of("a", "bé", "", "c");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst", ".GZ"})
    void everyKindOfFileMayBePacked(String ending) throws IOException {
        assertEquals(TEXTS,
                Texts.of(Files.write(folder.resolve("x.jsonl" + ending), pack(ending, Texts.bytes(LINES)))));
        assertEquals(List.of("some text\n"),
                Texts.of(Files.write(folder.resolve("x.txt" + ending), pack(ending, Texts.bytes("some text\n")))));
        assertEquals(List.of(LINES),
                Texts.of(Files.write(folder.resolve("x" + ending), pack(ending, Texts.bytes(LINES)))));
        assertEquals(List.of("d"), Texts.of(Files.write(folder.resolve("x.json" + ending),
                pack(ending, Texts.bytes("[{\"text\":\"d\"}]")))));
        Path archive = Texts.zip(folder.resolve("y.zip"), Map.of("a.jsonl" + ending, pack(ending, Texts.bytes(LINES))));
        assertEquals(TEXTS, Texts.of(archive));
        Path packed = Files.write(folder.resolve("z.zip" + ending), pack(ending, Files.readAllBytes(archive)));
        assertEquals(TEXTS, Texts.of(packed));
        // All of them in a folder: each file once.
        assertEquals(3 * TEXTS.size() + 3, Texts.of(folder).size());
    }

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst"})
    void filesThatWereJoinedAreReadToTheirEnd(String ending) throws IOException {
        byte[] lines = Texts.bytes(LINES);
        byte[] joined = join(pack(ending, Arrays.copyOf(lines, 5)), pack(ending, Arrays.copyOfRange(lines, 5, 20)),
                pack(ending, new byte[0]), pack(ending, Arrays.copyOfRange(lines, 20, lines.length)));
        assertEquals(TEXTS, Texts.of(Files.write(folder.resolve("x.jsonl" + ending), joined)));
        // In an archive, a stream does not know how much of it is there already.
        assertEquals(TEXTS, Texts.of(Texts.zip(folder.resolve("x.zip"), Map.of("x.jsonl" + ending, joined))));
    }

    @Test
    void zerosMayFollowAGzipFile() throws IOException {
        byte[] padded = join(pack(".gz", Texts.bytes(LINES)), new byte[700]);
        assertEquals(TEXTS, Texts.of(Files.write(folder.resolve("x.jsonl.gz"), padded)));
    }

    @ParameterizedTest
    @ValueSource(strings = {".gz", ".zst"})
    void whatIsDamagedIsFound(String ending) throws IOException {
        byte[] whole = join(pack(ending, Texts.bytes(LINES)), pack(ending, Texts.bytes(LINES)));
        int first = pack(ending, Texts.bytes(LINES)).length;
        Path file = folder.resolve("x.jsonl" + ending);
        for (int length = 1; length < whole.length; length++) {
            if (length != first) {
                Files.write(file, Arrays.copyOf(whole, length));
                InputException e = assertThrows(InputException.class, () -> Texts.of(file), "cut to " + length);
                assertTrue(e.getMessage().startsWith(file + " cannot be read (")
                        || e.getMessage().startsWith(file + ", line "), length + ": " + e.getMessage());
                assertTrue(e.getMessage().contains(" " + length + " bytes") && e.getMessage().contains("damaged"),
                        length + ": " + e.getMessage());
            }
        }
        for (int at : new int[] {0, first, first + 1, whole.length - 5}) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x15;
            Files.write(file, damaged);
            InputException e = assertThrows(InputException.class, () -> Texts.of(file), "damaged at " + at);
            assertTrue(e.getMessage().startsWith(file + ""), e.getMessage());
        }
        Files.write(file, join(whole, Texts.bytes("no member")));
        assertThrows(InputException.class, () -> Texts.of(file));
        Files.write(file, Texts.bytes(LINES));
        InputException e = assertThrows(InputException.class, () -> Corpus.open(Optional.of(folder)).checkHeads());
        assertTrue(e.getMessage().contains("it is no"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.jsonl", "x.jsonl.gz", "x.jsonl.zst", "x.json", "x.zip", "x.zip.gz", "x.txt"})
    void everyPositionGoesOn(String name) throws IOException {
        byte[] lines = Texts.bytes("\uFEFF" + LINES.replace("\n", "\r\n") + "\n\n{\"text\":\"last\"}");
        byte[] content = name.startsWith("x.zip") ? Files.readAllBytes(Texts.zip(folder.resolve("other"),
                new TreeMap<>(Map.of("a.jsonl", lines, "b", Texts.bytes("b"), "c.jsonl.gz", pack(".gz", lines)))))
                : lines;
        Path file = Files.write(folder.resolve(name), pack(name, content));
        List<String> through = Texts.of(file);
        CorpusFile opened = Corpus.open(Optional.of(file)).files().getFirst();
        String position = "";
        for (int i = 0; i <= through.size(); i++) {
            Reading reading = new Reading(CorpusOptions.DEFAULT, false);
            try (DocumentReader reader = opened.open(reading, position, 0)) {
                assertEquals(position, reader.position());
                var next = reader.next();
                assertEquals(i < through.size(), next.isPresent(), name + ", document " + i + " after " + position);
                if (next.isPresent()) {
                    assertEquals(through.get(i),
                            new String(next.get().text().readAllBytes(), StandardCharsets.UTF_8));
                    position = reader.position();
                }
            }
        }
        for (String wrong : List.of("x", "-1:2:0", "99999999999999999999:1:0", "7/end", "end/end", "1:1:7")) {
            assertThrows(InputException.class, () -> opened.open(new Reading(CorpusOptions.DEFAULT, false), wrong, 0)
                    .close(), wrong);
        }
    }

    @Test
    void linesKeepTheirNumbers() throws IOException {
        Path file = Files.writeString(folder.resolve("x.jsonl"), LINES + "bad\n");
        CorpusFile opened = Corpus.open(Optional.of(file)).files().getFirst();
        String position;
        try (DocumentReader reader = opened.open(new Reading(CorpusOptions.DEFAULT, false))) {
            reader.next();
            reader.next();
            position = reader.position();
        }
        try (DocumentReader reader = opened.open(new Reading(CorpusOptions.DEFAULT, false), position, 0)) {
            reader.next();
            reader.next();
            InputException e = assertThrows(InputException.class, reader::next);
            assertTrue(e.getMessage().contains("x.jsonl, line 5 is not JSON"), e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x.jsonl.gz", "x.jsonl.zst", "x.jsonl"})
    void linesAreNamedByTheFileAsItIs(String name) throws IOException {
        Path file = Files.write(folder.resolve(name), pack(name, Texts.bytes(LINES + "bad\n")));
        InputException e = assertThrows(InputException.class, () -> Texts.of(file));
        assertTrue(e.getMessage().startsWith(file + ", line 5 is not JSON"), e.getMessage());
    }

    private static byte[] pack(String name, byte[] bytes) throws IOException {
        if (name.endsWith(".zst")) {
            return Zstd.compress(bytes, 3);
        }
        if (!name.toLowerCase(Locale.ROOT).endsWith(".gz")) {
            return bytes;
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
