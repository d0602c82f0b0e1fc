package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.step.Schedule;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What crosses links beside what computes changes no bit of losses, gradients and parameters, and needs the memory that was planned. */
final class OverlapTest {
    private static final String AHEAD = "parameters gathered ahead";
    private static final String REDUCED = "gradients that are being reduced";

    @ParameterizedTest
    @CsvSource({"false, ''",
            "false, runtime.strict=true training.gradient_accumulation_steps=3 graph_capture.enable=false",
            "false, runtime.strict=true parallelism.expert_parallel_degree=2 training.dtype=bfloat16 activation_checkpoint.mode=budget",
            "true, runtime.strict=true training.gradient_accumulation_steps=2 moe.receive_capacity=0.6",
            "true, model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none",
            "false, parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=2 training.gradient_accumulation_steps=2"})
    void itDoesNotShow(boolean qwen, String overrides) {
        UnaryOperator<ModelSpec> family = qwen ? Tiny::qwen : UnaryOperator.identity();
        try (TrainingRun without = Tiny.openOther(family, words(overrides, "training.overlap=off"));
                TrainingRun with = Tiny.openOther(family, words(overrides, "training.overlap=on"))) {
            assertEquals(RunBits.of(without), RunBits.of(with));
            assertTrue(plan(with).byPurpose().getOrDefault(AHEAD, 0L) > 0, () -> plan(with).toString());
            assertTrue(plan(with).byPurpose().getOrDefault(REDUCED, 0L) > 0, () -> plan(with).toString());
            assertTrue(!plan(without).byPurpose().containsKey(AHEAD), () -> plan(without).toString());
            long allocated = with.session().devices().get(0).allocatedBytes().values().stream()
                    .mapToLong(Long::longValue).sum();
            assertEquals(with.session().launch().worldSize() * plan(with).totalBytes(), allocated, 0.02 * allocated);
        }
    }

    /** Microbatches that are alive at once gather in turns, in an order that no pass has announced as a whole. */
    @Test
    void otherSchedulesHaveTheSameBitsToo() {
        Schedule schedule = new TwoAlive();
        String[] four = words("training.gradient_accumulation_steps=4 training.local_batch_size=1 runtime.strict=true");
        try (TrainingRun without = Tiny.open(schedule, four);
                TrainingRun with = Tiny.open(schedule, words(String.join(" ", four), "training.overlap=on"))) {
            assertEquals(RunBits.of(without), RunBits.of(with));
        }
    }

    /** {@code auto} is off on the CPU, which has no links to wait for. */
    @Test
    void onTheCpuAutoIsOff() {
        try (TrainingRun run = Tiny.open(words("training.steps=1"))) {
            assertTrue(plan(run).byPurpose().keySet().stream().noneMatch(AHEAD::equals), () -> plan(run).toString());
        }
        String message = assertThrows(ConfigException.class, () -> Tiny.open("training.overlap=maybe")).getMessage();
        assertTrue(message.contains("training.overlap") && message.contains("auto"), message);
    }

    private static MemoryPlan plan(TrainingRun run) {
        return run.session().memoryPlan();
    }

    private static String[] words(String... overrides) {
        return Tiny.words("training.steps=2", String.join(" ", overrides));
    }
}
