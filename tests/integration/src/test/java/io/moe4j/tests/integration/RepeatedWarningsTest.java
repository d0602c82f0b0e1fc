package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
import io.moe4j.app.cli.Main;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/** What is wrong in each step or each validation is warned of once, or a few times. */
@Isolated("reads the log, which goes to the error stream of the JVM")
class RepeatedWarningsTest {
    private static final String TEXT = "{\"text\": \"abcdefg\"}\n";
    private static final String BAD = "{\"txt\": \"x\"}\n";

    @TempDir
    private Path folder;

    @Test
    void aValidationWithoutDocumentsIsWarnedOfOnce() throws IOException {
        Path data = Files.writeString(folder.resolve("x.jsonl"), TEXT.repeat(20));
        String log = train(data, "--validation.split", "1e-9");
        assertEquals(1, count(log, "the data has no token that counts"), log);
        assertTrue(log.contains("validation after step 1: ") && log.contains("validation.split = 1.0E-9 keeps none"),
                log);
        assertEquals(3, count(metrics(), "\"validation_problem\":\"the data has no token that counts"), metrics());
    }

    @Test
    void badLinesOfTheDataOfValidationAreToldInTheFirstOne() throws IOException {
        Path data = Files.writeString(folder.resolve("x.jsonl"), TEXT.repeat(20));
        Path validation = Files.writeString(folder.resolve("v.jsonl"), TEXT.repeat(3) + BAD + TEXT + BAD);
        String log = train(data, "--validation.path", validation.toString(), "--data.on_bad_line", "skip");
        assertEquals(2, count(log, "it is left out (data.on_bad_line"), log);
    }

    @Test
    void badLinesOfTrainingDataAreToldByTraining() throws IOException {
        Path data = Files.writeString(folder.resolve("x.jsonl"), BAD + various(40));
        String log = train(data, "--validation.split", "0.5", "--data.on_bad_line", "skip");
        assertEquals(1, count(log, "it is left out (data.on_bad_line"), log);
    }

    /** Texts that differ, so that a split keeps some of them. */
    private static String various(int lines) {
        return IntStream.range(0, lines).mapToObj(i -> "{\"text\": \"abcde" + (10 + i) + "\"}\n")
                .collect(Collectors.joining());
    }

    @Test
    void stepsWithoutLabelsAreToldTenTimes() {
        String log = logged(() -> {
            try (TrainingRun run = Tiny.open(RepeatedWarningsTest::withoutLabels, "training.steps=12")) {
                while (run.hasNext()) {
                    assertEquals(0, run.step().labels());
                }
            }
        });
        assertEquals(10, count(log, "labels counts, so that nothing was learnt"), log);
        assertTrue(log.contains("step 10: ") && log.contains(". Further steps like this have no warning"), log);
    }

    private static BatchSource.Factory withoutLabels(TrainerConfig config) {
        BatchSource.Factory whole = Tiny.sequences(config);
        return (rank, read) -> {
            BatchSource source = whole.open(rank, read);
            return () -> {
                Batch all = source.next();
                int[] labels = new int[all.labels_T().length];
                Arrays.fill(labels, LossOps.IGNORED_LABEL);
                return new Batch(all.ids_T(), labels);
            };
        };
    }

    private static int count(String log, String part) {
        return (log.length() - log.replace(part, "").length()) / part.length();
    }

    private String metrics() throws IOException {
        return Files.readString(folder.resolve("run").resolve("metrics.jsonl"));
    }

    /** Three steps with a validation after each; returns the log. */
    private String train(Path data, String... more) {
        List<String> all = new ArrayList<>(List.of("train", "--model.from", ProjectFiles.tinyModel(),
                "--data.tokenizer", "bytes", "--data.path", data.toString(), "--training.seq_len", "7", "--ranks", "1",
                "--parallelism.expert_parallel_degree", "1", "--training.local_batch_size", "2", "--training.steps",
                "3", "--validation.interval", "1", "--metrics.report", "false", "--output",
                folder.resolve("run").toString()));
        all.addAll(List.of(more));
        StringWriter told = new StringWriter();
        return logged(() -> assertEquals(0,
                Main.run(new PrintWriter(told), new PrintWriter(told), all.toArray(String[]::new)), told::toString));
    }

    /** What is logged meanwhile. */
    private static String logged(Runnable work) {
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }
}
