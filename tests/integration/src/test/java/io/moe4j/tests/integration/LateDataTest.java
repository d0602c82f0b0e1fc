package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.DataException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data that cannot be read, found before the first step and after it. */
class LateDataTest {

    @TempDir
    private Path folder;

    /** Ranks read the same files, but perhaps not from the same disk: a single rank may find damage. */
    @Test
    void whatOneRankFindsLateStopsAllBeforeTheStep() {
        List<Double> whole;
        try (TrainingRun run = Tiny.open()) {
            whole = Tiny.losses(run);
        }
        List<Double> losses = new ArrayList<>();
        Path saved;
        try (TrainingRun run = Tiny.open(config -> (rank, read) -> new FailsAt(Tiny.sequences(config).open(rank, read),
                rank == 2 ? 3 : Integer.MAX_VALUE))) {
            losses.add(run.step().loss());
            losses.add(run.step().loss());
            DataException refused = assertThrows(DataException.class, run::step);
            assertEquals(
                    "the data of step 3 cannot be read. The run stops before the step: parameters, moments and expert"
                            + " biases are as before it. rank 2: x.jsonl, line 9 is not JSON; nothing was saved, since"
                            + " checkpoint.enable is false",
                    refused.getMessage());
            assertEquals(2, run.stepsDone());
            saved = run.save(folder);
        }
        try (TrainingRun run = Tiny.open("checkpoint.resume=" + saved)) {
            losses.addAll(Tiny.losses(run));
        }
        assertEquals(whole, losses, "as if the data had always been whole");
    }

    @Test
    void aBadLineFarIntoTheDataStopsTheRun() throws IOException {
        StringWriter err = new StringWriter();
        assertEquals(2, train(err, "--data.path", withABadLine().toString()), err.toString());
        assertTrue(err.toString().contains("line 2001 has no string \"text\""), err.toString());
        assertTrue(err.toString().contains("no step had been made, so that nothing was saved"), err.toString());
    }

    @Test
    void badLinesThatAreLeftOutAreCounted() throws IOException {
        StringWriter err = new StringWriter();
        StringWriter out = new StringWriter();
        assertEquals(0, train(out, err, "--data.path", withABadLine().toString(), "--data.on_bad_line", "skip"),
                err.toString());
        assertTrue(out.toString()
                .contains("data      in the longest pass: 4,000 documents read, bad lines left out: 1,"
                        + " halves of characters replaced by U+FFFD: 1"),
                out.toString());
        String metrics = Files.readString(folder.resolve("run/metrics.jsonl"));
        assertTrue(metrics.contains("\"documents\":4000,\"empty_documents\":0,\"bad_lines\":1,\"lone_surrogates\":1,"
                + "\"invalid_bytes\":0"), metrics);
    }

    private Path withABadLine() throws IOException {
        return Files.writeString(folder.resolve("x.jsonl"), "{\"text\": \"some text\"}\n".repeat(2000)
                + "{\"txt\": \"\"}\n" + "{\"text\": \"half \\ud83d\"}\n" + "{\"text\": \"more text\"}\n".repeat(1999));
    }

    /**
     * An epoch is one step of two sequences of 17 tokens here. The file changes in the first one, while the next ones are read in the background: one of the
     * first few steps after it cannot be made.
     */
    @Test
    void whatCannotBeReadLaterSavesTheRunThatIsContinuedThen() throws IOException {
        Path data = Files.writeString(folder.resolve("x.txt"), "a".repeat(33));
        FileTime written = Files.getLastModifiedTime(data);
        StringWriter err = new StringWriter();
        StringWriter out = new StringWriter() {
            @Override
            public void write(String text, int from, int count) {
                super.write(text, from, count);
                if (toString().contains("loss:")) {
                    change(data, "changed");
                }
            }
        };
        assertEquals(2, train(out, err, "--data.path", data.toString(), "--training.steps", "9",
                "--checkpoint.enable"), err.toString());
        assertTrue(err.toString().matches("(?s).*the data of step [2-6] cannot be read.*")
                && err.toString().contains("x.txt has changed since the data was listed"), err.toString());
        Matcher saved = Pattern.compile("continue it with --checkpoint.resume (\\S+)").matcher(err.toString());
        assertTrue(saved.find(), err.toString());
        assertTrue(Files.isDirectory(Path.of(saved.group(1))), saved.group(1));
        change(data, "a".repeat(33));
        Files.setLastModifiedTime(data, written);
        assertEquals(0, train(new StringWriter(), err, "--data.path", data.toString(), "--training.steps", "9",
                "--checkpoint.resume", saved.group(1)), err.toString());
        assertEquals(9, Files.readAllLines(folder.resolve("run/metrics.jsonl")).size());
    }

    private static void change(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aBinaryFileIsFoundAtStart() throws IOException {
        Files.writeString(folder.resolve("a.txt"), "text ".repeat(10_000));
        Files.writeString(folder.resolve("z.bin"), "\0");
        StringWriter err = new StringWriter();
        assertEquals(2, train(err, "--data.path", folder.toString()));
        assertTrue(err.toString().contains("z.bin is not text") && err.toString().contains("one problem"),
                err.toString());
    }

    private int train(StringWriter err, String... arguments) {
        return train(new StringWriter(), err, arguments);
    }

    private int train(StringWriter out, StringWriter err, String... arguments) {
        List<String> all = new ArrayList<>(
                List.of("train", "--checkpoint.enable", "false", "--model.from", ProjectFiles.tinyModel(),
                        "--data.tokenizer", "bytes", "--training.seq_len", "16", "--training.steps", "1", "--ranks",
                        "1", "--parallelism.expert_parallel_degree", "1", "--output",
                        folder.resolve("run").toString()));
        all.addAll(List.of(arguments));
        return Main.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new));
    }

    /** Reads as another source does, until it reports damaged data. */
    private static final class FailsAt implements BatchSource {
        private final BatchSource other;
        private final int damaged;
        private int read;

        FailsAt(BatchSource other, int damaged) {
            this.other = other;
            this.damaged = damaged;
        }

        @Override
        public Batch next() {
            if (++read == damaged) {
                throw new InputException("x.jsonl, line 9 is not JSON");
            }
            return other.next();
        }
    }
}
