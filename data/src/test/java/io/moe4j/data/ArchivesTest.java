package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rules for folders hold inside of archives, and a broken archive is named, also beside other data. */
class ArchivesTest {

    @TempDir
    private Path folder;

    @Test
    void entriesFollowTheRulesForFiles() throws IOException {
        Map<String, byte[]> inner = Map.of("deep.txt", Texts.bytes("deep"));
        Path archive = Texts.zip(folder.resolve("x.zip"),
                ordered("a/", "", "a/b.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}",
                        ".git/config", "hidden", "__MACOSX/._b.jsonl", "\0", "c.JSON", "[{\"text\":\"three\"}]", "d",
                        "four",
                        "e.zip", Files.readString(Texts.zip(folder.resolve("e.zip"), inner),
                                java.nio.charset.StandardCharsets.ISO_8859_1)));
        Files.delete(folder.resolve("e.zip"));
        assertEquals(List.of("one", "two", "three", "four", "deep"), Texts.of(archive));
        assertEquals(List.of("one", "two", "three", "four", "deep"), Texts.of(folder));
    }

    @Test
    void whatIsBrokenIsNamed() throws IOException {
        Files.writeString(folder.resolve("good.txt"), "something else");
        byte[] whole = Files.readAllBytes(Texts.zip(folder.resolve("x.zip"), ordered("a", "text ".repeat(1000), "b",
                "more")));
        assertRefused(Texts.bytes("<html>Sign in to download</html>"), "x.zip is no whole zip archive");
        assertRefused(new byte[0], "x.zip is no whole zip archive");
        for (int length = 1; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length), "x.zip is no whole zip archive");
        }
        byte[] damaged = whole.clone();
        damaged[50] ^= 0x10;
        assertRefused(damaged, "x.zip!/a cannot be read (");
        Files.delete(folder.resolve("x.zip"));
        Texts.zip(folder.resolve("x.zip"), ordered("folder/", ""));
        assertRefused(Files.readAllBytes(folder.resolve("x.zip")), "x.zip is an archive without a file");
        Texts.zip(folder.resolve("x.zip"), ordered("good", "text", "a.bin", "\0\1"));
        assertRefused(Files.readAllBytes(folder.resolve("x.zip")), "x.zip!/a.bin is not text");
        Texts.zip(folder.resolve("x.zip"), ordered("a.jsonl", "{\"text\":\"b\"}\n7"));
        assertRefused(Files.readAllBytes(folder.resolve("x.zip")), "x.zip!/a.jsonl, line 2 has no string \"text\"");
    }

    @Test
    void aPrefixedArchiveIsRead() throws IOException {
        ByteArrayOutputStream prefixed = new ByteArrayOutputStream();
        prefixed.writeBytes(Texts.bytes("#!/bin/sh\nexec unpack $0\n"));
        prefixed.writeBytes(Files.readAllBytes(Texts.zip(folder.resolve("x.zip"), ordered("a", "text"))));
        Files.write(folder.resolve("x.zip"), prefixed.toByteArray());
        assertEquals(List.of("text"), Texts.of(folder.resolve("x.zip")));
    }

    @Test
    void archivesThatHoldArchivesEnd() throws IOException {
        byte[] inner = Texts.bytes("end");
        for (int depth = 0; depth < 3; depth++) {
            inner = Files.readAllBytes(Texts.zip(folder.resolve("x.zip"), Map.of(depth == 0 ? "a" : "x.zip", inner)));
        }
        assertEquals(List.of("end"), Texts.of(folder));
        Texts.zip(folder.resolve("x.zip"), Map.of("x.zip", inner));
        assertEquals(List.of("end"), Texts.of(folder));
        Texts.zip(folder.resolve("x.zip"), Map.of("x.zip", Files.readAllBytes(folder.resolve("x.zip"))));
        InputException e = assertThrows(InputException.class, () -> Texts.of(folder));
        assertTrue(e.getMessage().contains("x.zip!/x.zip!/x.zip!/x.zip!/x.zip is inside of 4 archives"),
                e.getMessage());
    }

    private void assertRefused(byte[] archive, String expected) throws IOException {
        Files.write(folder.resolve("x.zip"), archive);
        InputException e = assertThrows(InputException.class, () -> {
            Corpus corpus = Corpus.open(Optional.of(folder));
            corpus.checkHeads();
            corpus.require(new ByteTokenizer(), 10_000_000);
        });
        assertTrue(e.getMessage().startsWith(folder.resolve(expected).toString()),
                archive.length + ": " + e.getMessage());
    }

    private static Map<String, byte[]> ordered(String... namesAndTexts) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        for (int i = 0; i < namesAndTexts.length; i += 2) {
            entries.put(namesAndTexts[i], namesAndTexts[i + 1].getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        }
        return entries;
    }
}
