package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs learn, and ways of running that must agree do agree. */
class LearningTest {

    @Test
    void lossFalls() {
        try (TrainingRun run = Tiny.open("training.steps=40")) {
            List<StepResult> steps = Tiny.steps(run);
            // It begins near ln 61 = 4.1; what follows a token is one of two.
            assertEquals(4.1, steps.getFirst().loss(), 0.5);
            assertTrue(steps.getLast().loss() < 2, () -> "last loss " + steps.getLast().loss());
            assertTrue(steps.stream().allMatch(step -> step.captured() && step.hostSyncs() == 0));
            // Worst case: 4 ranks of 32 tokens, each with up to 2 of its 3 experts on one rank.
            assertTrue(steps.stream().allMatch(step -> step.receiveCapacityRows() == 256 && step.droppedRows() == 0
                    && step.receivedRowsMax() > 0 && step.receivedRowsMax() <= 256));
        }
    }

    @Test
    void lossesAreTheSameBitForBit() {
        List<Double> expected;
        try (TrainingRun plain = Tiny.open("training.steps=3")) {
            expected = Tiny.losses(plain);
        }
        for (String overrides : List.of("graph_capture.enable=false", "runtime.strict=true", "runtime.threads=1",
                "model.moe_comm_backend=standard graph_capture.enable=false")) {
            try (TrainingRun other = Tiny.open(("training.steps=3 " + overrides).split(" "))) {
                assertEquals(expected, Tiny.losses(other), overrides);
            }
        }
    }

    /** Only the order of the sums over ranks differs: fp32 sums of a few hundred gradients, over three steps. */
    @ParameterizedTest
    @ValueSource(strings = {"parallelism.expert_parallel_degree=1", "parallelism.expert_parallel_degree=2",
            "parallelism.expert_parallel_degree=2 parallelism.data_parallel_shard_degree=2"
                    + " parallelism.data_parallel_replicate_degree=2"})
    void lossesAreCloseWithAnotherLayout(String overrides) {
        try (TrainingRun plain = Tiny.open("training.steps=3");
                TrainingRun other = Tiny.open(("training.steps=3 " + overrides).split(" "))) {
            List<StepResult> expected = Tiny.steps(plain);
            List<StepResult> found = Tiny.steps(other);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).loss(), found.get(i).loss(), 1e-5 * expected.get(i).loss());
                assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(),
                        1e-4 * expected.get(i).gradientNorm());
            }
        }
    }

    @Test
    void twoSessionsAtTheSameTimeAreAsAlone() {
        List<Double> first;
        List<Double> second;
        try (TrainingRun run = Tiny.open()) {
            first = Tiny.losses(run);
        }
        try (TrainingRun run = Tiny.open("training.seed=7", "optimizer.lr=3e-3")) {
            second = Tiny.losses(run);
        }
        try (TrainingRun a = Tiny.open(); TrainingRun b = Tiny.open("training.seed=7", "optimizer.lr=3e-3")) {
            for (int i = 0; i < first.size(); i++) {
                assertEquals(first.get(i), a.step().loss());
                assertEquals(second.get(i), b.step().loss());
            }
        }
    }
}
