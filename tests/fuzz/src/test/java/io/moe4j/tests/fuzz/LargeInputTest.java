package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.data.BadLines;
import io.moe4j.data.Corpus;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.data.Tokenizers;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A line that is larger than the heap is read like any other. */
class LargeInputTest {
    private static final int PIECE = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void aLineLargerThanTheHeap() throws IOException {
        long pieces = Runtime.getRuntime().maxMemory() / PIECE + 32;
        assertTrue(pieces < 1000, "the heap has " + pieces + " MiB: run with -Xmx128m, as the build does");
        Path file = folder.resolve("x.jsonl");
        byte[] piece = "a".repeat(PIECE).getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = Files.newOutputStream(file)) {
            out.write("{\"text\":\"".getBytes(StandardCharsets.UTF_8));
            for (long i = 0; i < pieces; i++) {
                out.write(piece);
            }
            out.write("\"}\n{\"text\":\"b".getBytes(StandardCharsets.UTF_8));
        }
        Tokenizer bytes = Tokenizers.bytes();
        Corpus.open(Optional.of(file), BadLines.SKIP).require(bytes, pieces * PIECE + 1);
        InputException e = assertThrows(InputException.class,
                () -> Corpus.open(Optional.of(file)).require(bytes, Long.MAX_VALUE));
        assertTrue(e.getMessage().contains("x.jsonl, line 2 is not JSON"), e.getMessage());
    }
}
