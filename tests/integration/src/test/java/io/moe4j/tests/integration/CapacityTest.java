package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.run.CapacityExceededException;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Receive buffers that are too small. */
class CapacityTest {

    @TempDir
    private Path folder;

    @Test
    void aRefusedStepLeavesEverythingAndTheRunGoesOnWithMoreRoom() throws IOException {
        List<Double> whole;
        try (TrainingRun run = Tiny.open()) {
            whole = Tiny.losses(run);
        }
        List<Double> losses = new ArrayList<>();
        Path saved;
        try (TrainingRun run = Tiny.open("training.steps=2")) {
            losses.addAll(Tiny.losses(run));
            saved = run.save(folder);
        }
        Path after;
        try (TrainingRun run = Tiny.open("moe.receive_capacity=1.0", "moe.on_overflow=fail",
                "checkpoint.resume=" + saved)) {
            CapacityExceededException refused = assertThrows(CapacityExceededException.class, run::step);
            assertEquals(96, refused.capacityRows());
            assertTrue(refused.requiredRows() > 96);
            String factor = "at least %.2f".formatted(Math.ceil(100 * refused.requiredRows() / 96.0) / 100);
            assertTrue(refused.getMessage().contains(factor), refused.getMessage());
            assertEquals(2, run.stepsDone());
            after = run.save(folder.resolve("after"));
        }
        for (String file : List.of("weights", "first_moment", "second_moment")) {
            assertArrayEquals(Files.readAllBytes(saved.resolve(file + "-of-rank-00000.shard")),
                    Files.readAllBytes(after.resolve(file + "-of-rank-00000.shard")), file);
        }
        try (TrainingRun run = Tiny.open("checkpoint.resume=" + after)) {
            losses.addAll(Tiny.losses(run));
        }
        assertEquals(whole, losses);
    }

    @Test
    void rowsThatABackendDropsAgainstTheRuleAreRefusedThoughItsMaximumFits() {
        // On rank 2 the exchange reports 5 dropped rows, and a maximum that fits.
        try (TrainingRun run = Tiny.openOther(spec -> Misreporting.of(spec, 2, 5))) {
            CapacityExceededException refused = assertThrows(CapacityExceededException.class, run::step);
            assertTrue(refused.getMessage().contains("\"minimal_async_ep\") reports 5 dropped rows on rank 2, although"
                    + " moe.on_overflow does not allow it"), refused.getMessage());
            assertEquals(0, run.stepsDone());
        }
        try (TrainingRun run = Tiny.openOther(spec -> Misreporting.of(spec, 2, 5), "moe.on_overflow=drop",
                "training.steps=1")) {
            assertEquals(5, run.step().droppedRows());
        }
    }

    @Test
    void droppedRowsAreCounted() {
        try (TrainingRun run = Tiny.open("moe.receive_capacity=1.0", "moe.on_overflow=drop", "training.steps=3")) {
            List<StepResult> steps = Tiny.steps(run);
            assertTrue(steps.stream().allMatch(step -> step.receiveCapacityRows() == 96));
            assertTrue(steps.stream().anyMatch(step -> step.droppedRows() > 0));
            // A rank that was to receive more rows than it has room for has dropped at least the difference.
            assertTrue(steps.stream().allMatch(step -> step.droppedRows() >= step.receivedRowsMax() - 96));
        }
    }

    @Test
    void theBalancedLoadFitsTheBalancedCapacity() {
        try (TrainingRun run = Tiny.open("moe.receive_capacity=balanced", "moe.force_load_balance=true",
                "training.steps=2")) {
            assertTrue(Tiny.steps(run).stream().allMatch(step -> step.receivedRowsMax() == step.receiveCapacityRows()
                    && step.droppedRows() == 0));
        }
    }
}
