package io.moe4j.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.data.DataCounts;
import io.moe4j.trainer.run.StepResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepLineTest {

    @TempDir
    private Path folder;

    @Test
    void lineIsTheFieldsOwn() {
        assertEquals("step: 10  loss: 11.20896  grad_norm:  2.5372  memory: 74.71GiB(27.01%)  tps: 15,660"
                + "  tflops: 283.54  mfu: 11.34%", StepLine.of(step(10, 0)));
        assertTrue(StepLine.of(step(10, 1234)).endsWith("mfu: 11.34%  dropped: 1,234"));
    }

    @Test
    void whatDoesNotFitIsLeftOutTheLeastImportantFirst() {
        assertEquals("step: 10  loss: 11.20896  grad_norm:  2.5372  tps: 15,660  tflops: 283.54  mfu: 11.34%",
                StepLine.of(step(10, 0), 90));
        assertEquals("step: 10  loss: 11.20896  grad_norm:  2.5372  tps: 15,660  mfu: 11.34%",
                StepLine.of(step(10, 0), 79));
        assertEquals("step: 10  loss: 11.20896  dropped: 1,234", StepLine.of(step(10, 1234), 10));
        for (int columns = 45; columns < 130; columns++) {
            assertTrue(StepLine.of(step(10, 1234), columns).length() <= columns, "of " + columns);
        }
    }

    /** Lines of 7 and of 1000 have their figures in the same columns. */
    @Test
    void figuresOfARunStandBelowEachOther() {
        assertEquals("step:    7  loss: 11.20896  grad_norm", StepLine.of(step(7, 0), 200, 1000).substring(0, 37));
        assertEquals("step: 1000  loss: 11.20896  grad_norm", StepLine.of(step(1000, 0), 200, 1000).substring(0, 37));
        assertEquals("step:  7  loss", StepLine.of(step(7, 0), 200, 9).substring(0, 14));
        assertEquals("step: 10000  loss", StepLine.of(step(10_000, 0), 200, 40).substring(0, 17));
    }

    @Test
    void aSmallRateIsToldInASmallerUnit() {
        StepResult step = new StepResult(1, 2, 1, 1e-3, Instant.EPOCH, 512, 2, 100, 17.3456e9, 0.1, 1024, 0.1, 0, true,
                0, 9, 0, 200, 0,
                DataCounts.NONE, List.of(), List.of());
        assertTrue(StepLine.of(step).contains("  tps:    100  gflops:  17.35  mfu: 10.00%"), StepLine.of(step));
    }

    @Test
    void summaryTellsHowItBeganAndEnded() {
        RunSummary summary = new RunSummary();
        assertEquals("no step was made", summary.text());
        summary.add(step(3, 5));
        summary.add(step(4, 6));
        String text = summary.text();
        for (String part : List.of("2 steps in 4.0 s", "15,660 tokens/s", "at step 3", "at step 4", "up to 7 in one",
                "room for 9", "11 rows",
                "50,000 documents read, bad lines left out: 3, halves of characters replaced by U+FFFD: 4")) {
            assertTrue(text.contains(part), text);
        }
    }

    @Test
    void summarySaysNothingOfRowsThatNobodyCounted() {
        RunSummary summary = new RunSummary();
        summary.add(
                new StepResult(1, 2, 1, 1e-3, Instant.EPOCH, 512, 2, 100, 1e12, 0.1, 1024, 0.1, 0, true, 0, 9, 0, 200,
                        0, DataCounts.NONE,
                        List.of(), List.of()));
        assertTrue(summary.text().startsWith("trained   1 step in 2.0 s, 100 tokens/s"), summary.text());
        assertFalse(summary.text().contains("rows") || summary.text().contains("data"), summary.text());
        assertTrue(summary.text().endsWith("loss      2.00000 at step 1"),
                "one loss is told once: " + summary.text());
    }

    @Test
    void aContinuedFileKeepsTheStepsThatWereSaved() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsFile metrics = new MetricsFile(file, 0)) {
            metrics.add(step(1, 0));
            metrics.add(step(2, 0));
        }
        Files.writeString(file, Files.readString(file) + "{\"step\":3,\"lo");
        try (MetricsFile metrics = new MetricsFile(file, 1)) {
            metrics.add(step(2, 5));
        }
        List<String> lines = Files.readAllLines(file);
        assertEquals(2, lines.size());
        assertTrue(lines.get(0).startsWith("{\"step\":1,"));
        assertTrue(lines.get(1).endsWith("\"dropped_rows\":5,\"labels\":31320,\"data_seconds\":0.25,"
                + "\"documents\":50000,\"empty_documents\":0,\"bad_lines\":3,\"lone_surrogates\":2,"
                + "\"invalid_bytes\":0}"), lines.get(1));
    }

    @Test
    void aStepWithoutLabelsHasNoLoss() throws IOException {
        StepResult without = new StepResult(2, Double.NaN, 0, 1e-3, Instant.EPOCH, 512, 2, 100, 1e12, 0.1, 1024, 0.1, 0,
                true, 0, 9, 0, 0,
                0,
                DataCounts.NONE, List.of(), List.of());
        assertTrue(StepLine.of(without).startsWith("step:  2  loss:     none  grad_norm:  0.0000"),
                StepLine.of(without));
        RunSummary summary = new RunSummary();
        summary.add(without);
        assertTrue(summary.text().endsWith("loss      none; 1 step in which no label counts changed nothing"),
                summary.text());
        summary.add(step(3, 0));
        summary.add(without);
        assertTrue(
                summary.text()
                        .contains("loss      11.20896 at step 3; 2 steps in"),
                summary.text());
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsFile metrics = new MetricsFile(file, 0)) {
            metrics.add(without);
        }
        assertTrue(Files.readString(file).startsWith("{\"step\":2,\"loss\":null,\"grad_norm\":0.0,"));
    }

    private static StepResult step(long number, long dropped) {
        return new StepResult(number, 11.20896, 2.5372, 1e-3, Instant.EPOCH, 512, 2, 15660, 283.54e12, 0.1134,
                Math.round(74.71 * (1L << 30)), 0.2701, 0, true, 7, 9, dropped, 31_320, 0.25,
                new DataCounts(50_000, 0, 3, number, 0), List.of(), List.of());
    }
}
