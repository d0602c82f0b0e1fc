package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses of routing in whole runs; their numbers are compared with PyTorch's where they are read. */
final class RouterLossesTest {
    private static final String BOTH = "moe.sequence_balance_coeff=0.05 moe.router_z_coeff=0.01";
    private static final String FOUR = "training.local_batch_size=1 training.gradient_accumulation_steps=4 training.steps=2";
    private static final String ONE = "training.local_batch_size=4 training.steps=2";

    private static TrainingRun open(String... overrides) {
        return Tiny.open(Tiny.words(overrides));
    }

    @Test
    void theBitsAreTheSame() {
        List<StepResult> expected;
        try (TrainingRun plain = open(BOTH, FOUR)) {
            expected = Tiny.steps(plain);
        }
        for (String overrides : List.of("graph_capture.enable=false", "runtime.strict=true", "runtime.threads=1",
                "model.moe_comm_backend=standard graph_capture.enable=false",
                "model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none")) {
            try (TrainingRun other = open(BOTH, FOUR, overrides)) {
                List<StepResult> found = Tiny.steps(other);
                for (int i = 0; i < expected.size(); i++) {
                    assertEquals(expected.get(i).loss(), found.get(i).loss(), overrides);
                    assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(), overrides);
                    assertEquals(expected.get(i).routerLosses(), found.get(i).routerLosses(), overrides);
                }
            }
        }
    }

    /** Means over tokens: of several microbatches, of other layouts, and where documents are kept apart. */
    @ParameterizedTest
    @ValueSource(strings = {"", "parallelism.expert_parallel_degree=2",
            "ranks=1 parallelism.data_parallel_shard_degree=1 parallelism.expert_parallel_degree=1"})
    void microbatchesAreOneLargeBatch(String layout) {
        try (TrainingRun four = open(BOTH, FOUR, layout); TrainingRun one = open(BOTH, ONE, layout)) {
            List<StepResult> expected = Tiny.steps(one);
            List<StepResult> found = Tiny.steps(four);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).gradientNorm(), found.get(i).gradientNorm(),
                        1e-4 * expected.get(i).gradientNorm());
                double balance = expected.get(i).routerLosses().orElseThrow().balance();
                double z = expected.get(i).routerLosses().orElseThrow().z();
                assertEquals(balance, found.get(i).routerLosses().orElseThrow().balance(), 1e-4 * balance);
                assertEquals(z, found.get(i).routerLosses().orElseThrow().z(), 1e-4 * z);
            }
        }
    }

    /** Two microbatches that are alive at the same time give the sums of microbatches that follow each other. */
    @Test
    void twoMicrobatchesAliveGiveTheSameBits() {
        try (TrainingRun plain = open(BOTH, FOUR);
                TrainingRun other = Tiny.open(new TwoAlive(), Tiny.words(BOTH, FOUR))) {
            List<StepResult> expected = Tiny.steps(plain);
            List<StepResult> found = Tiny.steps(other);
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i).loss(), found.get(i).loss());
                assertEquals(expected.get(i).routerLosses(), found.get(i).routerLosses());
            }
        }
    }

    /** With a large factor a loss falls, and falls further than without. */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek", "qwen"})
    void whatIsWeightedFalls(String family) {
        String few = "training.steps=12 lr_scheduler.warmup_steps=1 moe.load_balance_coeff=0";
        StepResult watched = last(family, few, "moe.router_z_coeff=1e-9");
        StepResult steered = last(family, few, "moe.sequence_balance_coeff=0.2 moe.router_z_coeff=1");
        assertTrue(steered.routerLosses().orElseThrow().z() < 0.5 * watched.routerLosses().orElseThrow().z(),
                steered + " against " + watched);
        StepResult balanced = last(family, few, "moe.sequence_balance_coeff=1");
        assertTrue(balanced.routerLosses().orElseThrow().balance() < watched.routerLosses().orElseThrow().balance(),
                balanced + " against " + watched);
    }

    private static StepResult last(String family, String... overrides) {
        String[] all = Tiny.words(overrides);
        try (TrainingRun run = family.equals("qwen") ? Tiny.openOther(Tiny::qwen, all) : Tiny.open(all)) {
            return Tiny.steps(run).getLast();
        }
    }

    /** Off by default: then there is nothing to report, and nothing changes; a tiny factor changes little, and that is seen. */
    @Test
    void withoutFactorsThereAreNone() {
        try (TrainingRun off = open(); TrainingRun tiny = open("moe.router_z_coeff=1e-3")) {
            StepResult without = off.step();
            StepResult with = tiny.step();
            assertTrue(without.routerLosses().isEmpty());
            assertEquals(without.loss(), with.loss(), "the first loss is before any update");
            assertNotEquals(without.gradientNorm(), with.gradientNorm());
            assertEquals(without.gradientNorm(), with.gradientNorm(), 0.05 * without.gradientNorm());
        }
    }

    @Test
    void factorsAreNotNegative() {
        String message = assertThrows(ConfigException.class, () -> open("moe.sequence_balance_coeff=-1",
                "moe.router_z_coeff=NaN")).getMessage();
        assertTrue(message.contains("moe.sequence_balance_coeff = -1") && message.contains("moe.router_z_coeff = NaN"),
                message);
    }
}
