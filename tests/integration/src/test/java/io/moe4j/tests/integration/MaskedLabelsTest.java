package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
import io.moe4j.trainer.run.BatchSource;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Masked labels: the loss and the gradients are means over the other labels, of all ranks and microbatches together. */
final class MaskedLabelsTest {
    private static final int LENGTH = 16;
    private static final String FOUR = "training.local_batch_size=1 training.gradient_accumulation_steps=4 training.steps=3";
    private static final String ONE_RANK = "training.local_batch_size=16 training.steps=3 ranks=1"
            + " parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1";

    /** Whether the label of a token counts. */
    @FunctionalInterface
    private interface Mask {
        boolean counts(int sequence, int place);
    }

    /** Of sequence n of 16, the last 1 + 5n mod 16 labels count: very different numbers on the ranks, and in their microbatches. */
    private static boolean uneven(int sequence, int place) {
        return place >= LENGTH - 1 - 5 * sequence % LENGTH;
    }

    private static TrainingRun open(Mask mask, String... overrides) {
        Tiny.DataOf data = config -> {
            BatchSource.Factory whole = Tiny.sequences(config);
            int batch = config.training().localBatchSize() * config.microbatches();
            return (rank, read) -> {
                BatchSource source = whole.open(rank, read);
                return () -> {
                    Batch all = source.next();
                    int[] labels = all.labels_T().clone();
                    for (int t = 0; t < labels.length; t++) {
                        if (!mask.counts(rank * batch + t / LENGTH, t % LENGTH)) {
                            labels[t] = LossOps.IGNORED_LABEL;
                        }
                    }
                    return new Batch(all.ids_T(), labels);
                };
            };
        };
        return Tiny.open(data, Tiny.words(overrides));
    }

    /**
     * Four ranks with four microbatches each, and one rank with one batch: the same sequences, and the same sums in another order. The bounds are those of
     * {@link AccumulationTest}. A mean of the ranks' or microbatches' means differs in the second digit.
     */
    @Test
    void meansAreOverTheLabelsOfAllRanks() {
        List<StepResult> expected;
        try (TrainingRun one = open(MaskedLabelsTest::uneven, ONE_RANK)) {
            expected = Tiny.steps(one);
        }
        for (String layout : List.of("training.seed=42", "parallelism.expert_parallel_degree=2",
                "parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                        + " parallelism.expert_parallel_degree=2",
                "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none")) {
            try (TrainingRun four = open(MaskedLabelsTest::uneven, FOUR, layout)) {
                List<StepResult> found = Tiny.steps(four);
                for (int i = 0; i < expected.size(); i++) {
                    assertEquals(136, found.get(i).labels(), layout);
                    assertEquals(expected.get(i).loss(), found.get(i).loss(), 1e-5 * expected.get(i).loss(), layout);
                    assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(),
                            1e-4 * expected.get(i).gradientNorm(), layout);
                }
            }
        }
    }

    /** If two masks have no token in common, their sums of losses add up to that of both masks together: the first step is made with the same parameters. */
    @Test
    void lossesOfPartsAddUp() {
        try (TrainingRun all = open((sequence, place) -> true, FOUR);
                TrainingRun some = open(MaskedLabelsTest::uneven, FOUR);
                TrainingRun others = open((sequence, place) -> !uneven(sequence, place), FOUR)) {
            StepResult whole = all.step();
            StepResult part = some.step();
            StepResult rest = others.step();
            assertEquals(16 * LENGTH, whole.labels());
            assertEquals(whole.labels(), part.labels() + rest.labels());
            assertEquals(whole.loss() * whole.labels(), part.loss() * part.labels() + rest.loss() * rest.labels(),
                    1e-5 * whole.loss() * whole.labels());
            assertTrue(Math.abs(part.loss() - rest.loss()) > 1e-4, "parts with equal losses would show nothing");
        }
    }

    @Test
    void lossesAreTheSameBitForBit() {
        List<StepResult> steps;
        try (TrainingRun plain = open(MaskedLabelsTest::uneven, FOUR)) {
            steps = Tiny.steps(plain);
        }
        assertEquals(0, steps.getFirst().hostSyncs());
        assertTrue(steps.getFirst().captured());
        for (String overrides : List.of("graph_capture.enable=false", "runtime.strict=true", "runtime.threads=1")) {
            try (TrainingRun other = open(MaskedLabelsTest::uneven, FOUR, overrides)) {
                assertEquals(steps.stream().map(StepResult::loss).toList(), Tiny.losses(other), overrides);
            }
        }
    }

    /** A step without labels that count: the step is counted, and the data goes on; parameters and moments do not change. */
    @Test
    void aStepWithoutLabelsChangesNothing() {
        int[] step = {0};
        try (TrainingRun run = openWithout(step)) {
            StepResult first = run.step();
            assertFalse(Double.isNaN(first.loss()));
            float[] before = run.tensors().read("model.norm.weight").values();
            step[0] = 1;
            StepResult none = run.step();
            assertEquals(0, none.labels());
            assertTrue(Double.isNaN(none.loss()));
            assertEquals(0, none.gradientNorm());
            assertTrue(Arrays.equals(before, run.tensors().read("model.norm.weight").values()));
            step[0] = 0;
            assertTrue(run.step().loss() < first.loss() + 1);
            assertFalse(Arrays.equals(before, run.tensors().read("model.norm.weight").values()));
        }
    }

    private static TrainingRun openWithout(int[] step) {
        return open((sequence, place) -> step[0] == 0, FOUR);
    }

    @Test
    void aBatchCountsItsLabels() {
        assertEquals(2, new Batch(new int[3], new int[] {1, LossOps.IGNORED_LABEL, 0}, Optional.empty()).labels());
    }
}
