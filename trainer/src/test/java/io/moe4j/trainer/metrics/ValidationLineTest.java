package io.moe4j.trainer.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.data.DataCounts;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ValidationLineTest {

    @TempDir
    private Path folder;

    @Test
    void lineIsLikeThatOfAStep() {
        assertEquals("validate step: 10  loss:  7.00000  perplexity: 1096.63  tokens: 40,960  tps: 20,480",
                ValidationLine.of(validation(10, 7)));
        assertEquals("validate step:   10  loss:  7.00000",
                ValidationLine.of(validation(10, 7), 200, 2000).substring(0, 35));
        assertEquals("validate step:   20  no loss:  the data has ended",
                ValidationLine.of(none("the data has ended"), 200, 2000));
        assertEquals("validate step: 20  no loss:  the data has ended", ValidationLine.of(none("the data has ended")));
    }

    @Test
    void whatDoesNotFitIsLeftOutTheLeastImportantFirst() {
        assertEquals("validate step: 10  loss:  7.00000  perplexity: 1096.63  tps: 20,480",
                ValidationLine.of(validation(10, 7), 79, 10));
        assertEquals("validate step: 10  loss:  7.00000  perplexity: 1096.63",
                ValidationLine.of(validation(10, 7), 60, 10));
        assertEquals("validate step: 10  loss:  7.00000", ValidationLine.of(validation(10, 7), 10, 10));
        assertEquals("validate step: 20  no loss:  the data has ended",
                ValidationLine.of(none("the data has ended"), 10, 10));
    }

    /** e^20 is 4.85e8; e^710 is more than the largest number. */
    @Test
    void aPerplexityMayBeLarge() {
        assertTrue(ValidationLine.of(validation(1, 20)).contains("perplexity: 4.85e+08  "));
        assertTrue(ValidationLine.of(validation(1, 710)).contains("loss: 710.00000  perplexity: above 1.8e308  "));
    }

    @Test
    void metricsHaveNumbersOnly() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        try (MetricsFile metrics = new MetricsFile(file, 0)) {
            metrics.add(step(10));
            metrics.add(validation(10, 7));
            metrics.add(validation(20, 710));
            metrics.add(none("\"x\" cannot be read"));
        }
        List<String> lines = Files.readAllLines(file);
        assertEquals(4, lines.size());
        assertFalse(lines.get(0).contains("validation"));
        assertEquals("{\"step\":10,\"validation_loss\":7.0,\"validation_perplexity\":" + Math.exp(7)
                + ",\"validation_tokens\":40960,\"validation_sequences\":20,\"validation_batches\":10,"
                + "\"validation_seconds\":2.0,\"validation_dropped_rows\":0}", lines.get(1));
        assertTrue(lines.get(2).contains("\"validation_loss\":710.0,\"validation_perplexity\":null"), lines.get(2));
        assertTrue(lines.get(3).contains("\"validation_loss\":null")
                && lines.get(3).contains("\"validation_problem\":\"\\\"x\\\" cannot be read\""), lines.get(3));
        new MetricsFile(file, 10).close();
        assertEquals(lines.subList(0, 2), Files.readAllLines(file),
                "a run that goes on after step 10 keeps its validation");
    }

    @Test
    void summaryHasNewestAndLowest() {
        RunSummary summary = new RunSummary();
        summary.add(step(10));
        assertFalse(summary.text().contains("validation"), summary.text());
        summary.add(validation(5, 3));
        summary.add(validation(10, 2.5));
        summary.add(validation(15, 2.75));
        summary.add(none("no data"));
        assertTrue(summary.text().contains("validated 4 times: loss 2.75000 (perplexity 15.64) after step 15,"
                + " lowest 2.50000 after step 10; 1 without a loss"), summary.text());
    }

    private static ValidationResult validation(long step, double loss) {
        return new ValidationResult(step, loss, Math.exp(loss), 40_960, 20, 10, 2, 0, List.of(), Optional.empty());
    }

    private static ValidationResult none(String problem) {
        return new ValidationResult(20, Double.NaN, Double.NaN, 0, 0, 0, 2, 0, List.of(), Optional.of(problem));
    }

    private static StepResult step(long step) {
        return new StepResult(step, 2, 1, 1e-3, Instant.EPOCH, 512, 2, 100, 1e9, 0.1, 1024, 0.1, 0, true, 0, 9, 0, 128,
                0,
                DataCounts.NONE, List.of(), List.of());
    }
}
