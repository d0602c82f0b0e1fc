package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.MemoryPlan;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradients of several microbatches are those of one large batch. */
final class AccumulationTest {
    private static final String FOUR = "training.local_batch_size=1 training.gradient_accumulation_steps=4 training.steps=3";
    private static final String ONE = "training.local_batch_size=4 training.steps=3";

    private static TrainingRun open(String... overrides) {
        return Tiny.open(Tiny.words(overrides));
    }

    /**
     * Both sum the same products of the same sequences, in another order: fp32 sums of a few hundred gradients, over three steps. The expert biases
     * see the same counts, so
     * that routing is the same.
     */
    @ParameterizedTest
    @ValueSource(strings = {"", "parallelism.expert_parallel_degree=2", "parallelism.expert_parallel_degree=1",
            "parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=2",
            "ranks=1 parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1",
            "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none"})
    void microbatchesAreOneLargeBatch(String layout) {
        try (TrainingRun four = open(FOUR, layout.isEmpty() ? "training.seed=42" : layout);
                TrainingRun one = open(ONE, layout.isEmpty() ? "training.seed=42" : layout)) {
            List<StepResult> expected = Tiny.steps(one);
            List<StepResult> found = Tiny.steps(four);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).loss(), found.get(i).loss(), 1e-5 * expected.get(i).loss());
                assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(),
                        1e-4 * expected.get(i).gradientNorm());
            }
        }
    }

    /** A control: another number of microbatches of the same size is another batch, and the bound above detects that. */
    @Test
    void halfTheBatchIsAnotherStep() {
        try (TrainingRun four = open(FOUR);
                TrainingRun two = open(FOUR, "training.gradient_accumulation_steps=2")) {
            double loss = four.step().loss();
            assertTrue(Math.abs(loss - two.step().loss()) > 1e-4 * loss);
        }
    }

    @Test
    void lossesAreTheSameBitForBit() {
        List<Double> expected = losses(FOUR);
        for (String overrides : List.of("graph_capture.enable=false", "runtime.strict=true", "runtime.threads=1",
                "model.moe_comm_backend=standard graph_capture.enable=false",
                "training.gradient_accumulation_steps=0 training.global_batch_size=16")) {
            assertEquals(expected, losses(FOUR, overrides), overrides);
        }
    }

    private static List<Double> losses(String... overrides) {
        try (TrainingRun run = open(overrides)) {
            return Tiny.losses(run);
        }
    }

    /** A microbatch that ends after a later one has begun has its memory in a lane: the bits are those of microbatches that follow each other. */
    @ParameterizedTest
    @ValueSource(strings = {"", "graph_capture.enable=false", "runtime.strict=true",
            "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none",
            "training.gradient_accumulation_steps=1"})
    void twoMicrobatchesAliveGiveTheSameBits(String overrides) {
        String[] all = Tiny.words(FOUR, overrides.isEmpty() ? "training.seed=42" : overrides);
        try (TrainingRun plain = Tiny.open(all); TrainingRun other = Tiny.open(new TwoAlive(), all)) {
            assertEquals(Tiny.losses(plain), Tiny.losses(other));
        }
    }

    /** Sixteen microbatches need as much memory as two, except for the token ids of the step. */
    @Test
    void memoryDoesNotGrow() {
        try (TrainingRun two = open(FOUR, "training.gradient_accumulation_steps=2");
                TrainingRun sixteen = open(FOUR, "training.gradient_accumulation_steps=16")) {
            MemoryPlan few = two.session().memoryPlan();
            MemoryPlan many = sixteen.session().memoryPlan();
            assertEquals(few.plannedBytes(), many.plannedBytes());
            Map<String, Long> grown = many.byPurpose();
            few.byPurpose().forEach((purpose, bytes) -> grown.merge(purpose, -bytes, Long::sum));
            grown.values().removeIf(bytes -> bytes == 0);
            // 14 more microbatches of 16 ids and 16 labels of 4 bytes.
            assertEquals(Map.of("step inputs", 14L * 2 * 16 * 4), grown);
        }
    }

    @Test
    void aGlobalBatchHasWholeMicrobatches() {
        String message = assertThrows(ConfigException.class, () -> open(
                "training.local_batch_size=2 training.global_batch_size=20")).getMessage();
        assertTrue(message.contains("training.global_batch_size = 20") && message.contains("multiple of 8"), message);
        message = assertThrows(ConfigException.class, () -> open("training.local_batch_size=2"
                + " training.global_batch_size=16 training.gradient_accumulation_steps=3")).getMessage();
        assertTrue(message.contains("3 microbatches are 24 sequences"), message);
    }
}
