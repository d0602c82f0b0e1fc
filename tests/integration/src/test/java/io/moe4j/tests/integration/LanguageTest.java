package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.app.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** The language of the machine does not show in what a run writes. No other test runs meanwhile: the language is that of the whole JVM. */
@Isolated
class LanguageTest {
    @TempDir
    private Path folder;

    /** Arabic digits would make folders that are not found again. */
    @Test
    void namesAndNumbersDoNotDependOnTheLanguage() throws IOException {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.of("ar", "EG"));
        try {
            assertEquals("\u0667", "%d".formatted(7), "a language with digits of its own");
            StringWriter err = new StringWriter();
            assertEquals(0, train(err), err.toString());
            assertEquals(0, train(err, "--checkpoint.resume", folder.resolve("run").toString(),
                    "--training.steps", "2"), err.toString());
        } finally {
            Locale.setDefault(before);
        }
        assertTrue(Files.isDirectory(folder.resolve("run/checkpoints/step-000000002")));
        assertTrue(Files.readString(folder.resolve("run/metrics.jsonl")).matches("\\p{ASCII}+"));
        assertTrue(Files.readString(folder.resolve("run/config.toml")).matches("\\p{ASCII}+"));
    }

    private int train(StringWriter err, String... arguments) {
        String[] all = Stream.concat(
                Stream.of("train", "--model.from", ProjectFiles.tinyModel(), "--data.tokenizer", "bytes",
                        "--training.seq_len", "16", "--training.steps", "1", "--ranks", "1",
                        "--parallelism.expert_parallel_degree", "1", "--output", folder.resolve("run").toString()),
                Stream.of(arguments)).toArray(String[]::new);
        return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), all);
    }
}
