package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.MemoryPlan;
import io.moe4j.trainer.session.RecomputePlan;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parameters that stay gathered for a step change no bit of losses, gradients and parameters, and need the memory that was planned. */
final class ReshardAfterForwardTest {
    private static final String STAYS = "parameters that stay gathered";
    private static final String NEVER = "parallelism.reshard_after_forward=never";
    private static final String ALWAYS = "parallelism.reshard_after_forward=always";

    /** Three steps, so that values of the step before would show twice; some with validations and comparisons of ranks, which gather too. */
    @ParameterizedTest
    @CsvSource({"false, runtime.agreement_interval=1 validation.interval=1 validation.steps=1",
            "false, runtime.strict=true training.gradient_accumulation_steps=3 graph_capture.enable=false training.overlap=on",
            "false, parallelism.expert_parallel_degree=2 training.dtype=bfloat16 activation_checkpoint.mode=budget training.overlap=on",
            "false, training.dtype=bfloat16 training.dense_dtype=float8 training.expert_dtype=float8 training.gradient_accumulation_steps=2",
            "true, runtime.strict=true training.gradient_accumulation_steps=2 optimizer.name=muon",
            "true, model.moe_comm_backend=standard graph_capture.enable=false activation_checkpoint.mode=none",
            "true, lora.rank=2 training.overlap=on",
            "false, parallelism.data_parallel_shard_degree=2 parallelism.data_parallel_replicate_degree=2"
                    + " parallelism.expert_parallel_degree=1 training.overlap=on runtime.agreement_interval=2"})
    void itDoesNotShow(boolean qwen, String overrides) {
        UnaryOperator<ModelSpec> family = qwen ? Tiny::qwen : UnaryOperator.identity();
        try (TrainingRun always = open(family, overrides, ALWAYS); TrainingRun never = open(family, overrides, NEVER)) {
            assertEquals(RunBits.of(always), RunBits.of(never));
            assertFalse(plan(always).byPurpose().containsKey(STAYS), () -> plan(always).toString());
            assertTrue(plan(never).byPurpose().getOrDefault(STAYS, 0L) > 0, () -> plan(never).toString());
            Map<String, Long> allocated = never.session().devices().get(0).allocatedBytes();
            assertEquals(never.session().launch().worldSize() * plan(never).byPurpose().get(STAYS),
                    allocated.get(STAYS));
        }
    }

    /** They are a part of the budget, planned to the byte; of a budget that has no room for them they take nothing. */
    @Test
    void aBudgetKeepsThemWhereItHasRoom() {
        long gathered;
        try (TrainingRun run = open(UnaryOperator.identity(), "", budget(1))) {
            RecomputePlan chosen = run.session().recomputePlan().orElseThrow();
            gathered = chosen.parameters().gathered();
            assertTrue(gathered > 0, () -> chosen.lines().toString());
            assertEquals(gathered, plan(run).byPurpose().get(STAYS));
            assertEquals(4 * gathered, run.session().devices().get(0).allocatedBytes().get(STAYS));
        }
        try (TrainingRun run = open(UnaryOperator.identity(), "", budget((gathered - 1) / (double) (1L << 30)))) {
            assertEquals(0, run.session().recomputePlan().orElseThrow().parameters().gathered());
            assertFalse(run.session().devices().get(0).allocatedBytes().containsKey(STAYS));
        }
        try (TrainingRun run = open(UnaryOperator.identity(), "training.steps=1", "activation_checkpoint.mode=full")) {
            assertFalse(plan(run).byPurpose().containsKey(STAYS), "without a budget, auto is always");
        }
    }

    @Test
    void otherWordsAreRefused() {
        String message = assertThrows(ConfigException.class,
                () -> Tiny.open("parallelism.reshard_after_forward=default"))
                .getMessage();
        assertTrue(message.contains("parallelism.reshard_after_forward") && message.contains("auto, always, never"),
                message);
    }

    private static String budget(double gib) {
        return "activation_checkpoint.mode=budget activation_checkpoint.memory_budget=" + gib;
    }

    private static MemoryPlan plan(TrainingRun run) {
        return run.session().memoryPlan();
    }

    private static TrainingRun open(UnaryOperator<ModelSpec> family, String... overrides) {
        return Tiny.openValidated(family, Tiny::threads, Tiny::sequences, UnaryOperator.identity(),
                Tiny.words("training.steps=3", String.join(" ", overrides)));
    }
}
