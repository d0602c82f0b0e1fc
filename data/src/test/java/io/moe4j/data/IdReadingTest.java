package io.moe4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tokenizer that says that it has read nothing, or more than there is room for, ends the run; it had been asked again without end. */
class IdReadingTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, Integer.MAX_VALUE})
    void whatCannotBeIsRefused(int answer) throws Exception {
        Tokenizer broken = new Answering(answer);
        byte[] text = "some text".getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve("a.txt"), text);
        refused(answer, () -> TokenizedDocument.of(Optional.empty(), text, broken, "a.txt"));
        refused(answer, () -> Corpus.open(Optional.of(folder)).amount(broken, 3, DocumentSplit.NONE));
        assertEquals(10, TokenizedDocument.of(Optional.empty(), text, new PlacelessBytes(), "a.txt").count());
    }

    private static void refused(int answer, Runnable reading) {
        String message = assertTimeoutPreemptively(Duration.ofSeconds(20),
                () -> assertThrows(IllegalStateException.class, reading::run)).getMessage();
        assertTrue(message.contains(" read " + answer + " ids") && message.contains("or return -1 at the end"),
                message);
    }

    /** Answers every reading with one number. */
    private static final class Answering extends PlacelessBytes {
        private final int answer;

        private Answering(int answer) {
            this.answer = answer;
        }

        @Override
        public Tokens tokens(InputStream text) {
            return (target, from, count) -> answer;
        }
    }
}
