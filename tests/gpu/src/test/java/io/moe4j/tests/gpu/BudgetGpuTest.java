package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.session.RecomputePlan;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a GPU, with any budget for what is kept from forward to backward: losses and gradient norms have the bits of full recompute, eager and captured. */
@Tag("gpu")
@Timeout(240)
final class BudgetGpuTest {
    private static final long SEED = 23;
    private static final Set<String> EXPERTS = Set.of("experts.inputs", "experts.gate_up", "experts.hidden");

    /** With room for the worst case, and in rounds. */
    @ParameterizedTest(name = "{0}, {1}, capacity {2}, dedup {3}")
    @CsvSource({"deepseek_v3_debugmodel_minimal_async_ep, bfloat16, worst_case, auto",
            "qwen3_moe_debugmodel_minimal_async_ep, bfloat16, worst_case, on",
            "deepseek_v3_debugmodel_minimal_async_ep, float32, worst_case, auto",
            "deepseek_v3_debugmodel_minimal_async_ep, bfloat16, 0.6, on",
            "qwen3_moe_debugmodel_minimal_async_ep, bfloat16, 1.25, auto"})
    void aBudgetDoesNotShow(String name, String dtype, String capacity, String dedup) {
        String room = "moe.receive_capacity=" + capacity;
        String once = "moe.dedup=" + dedup;
        List<Double> full = bits(name, dtype, run -> {}, "activation_checkpoint.mode=full", room, once);
        assertTrue(full.stream().allMatch(Double::isFinite), full.toString());
        long[] most = {0};
        assertEquals(full, bits(name, dtype, run -> {
            RecomputePlan plan = run.session().recomputePlan().orElseThrow();
            most[0] = plan.usedBytes();
            assertEquals(dtype.equals("bfloat16"), plan.parameters().converted() > 0, plan.lines().toString());
            assertTrue(plan.budgetBytes() >= 1L << 30, "a GPU has room: " + plan.lines());
            assertTrue(kept(run).containsAll(EXPERTS), plan.lines().toString());
        }, "activation_checkpoint.mode=budget", room, once), "auto, captured");
        Random random = new Random(SEED);
        Set<String> partly = new HashSet<>();
        for (String capture : List.of("graph_capture.enable=true", "graph_capture.enable=false")) {
            for (int i = 0; i < 2; i++) {
                // The experts' rows are kept last, and parameters take most of a small model's budget.
                double gib = (i % 2 == 0 ? random.nextDouble() : 0.99 + 0.01 * random.nextDouble()) * most[0]
                        / (1L << 30);
                assertEquals(full, bits(name, dtype, run -> partly.addAll(kept(run)),
                        "activation_checkpoint.mode=budget", "activation_checkpoint.memory_budget=" + gib, capture,
                        room, once), "seed " + SEED + ", " + gib + " GiB, " + capture);
            }
        }
        assertTrue(partly.containsAll(EXPERTS), () -> "seed " + SEED + " keeps " + partly);
        assertEquals(full, bits(name, dtype, run -> {}, "activation_checkpoint.mode=budget", room,
                "model.moe_comm_backend=standard", "graph_capture.enable=false"), "auto, standard");
        assertEquals(bits(name, dtype, run -> {}, "training.gradient_accumulation_steps=2", room, once),
                bits(name, dtype, run -> {}, "training.gradient_accumulation_steps=2", room, once,
                        "activation_checkpoint.mode=budget"),
                "two microbatches");
    }

    private static Set<String> kept(TrainingRun run) {
        return run.session().recomputePlan().orElseThrow().blocks().stream()
                .flatMap(blocks -> blocks.kept().stream()).collect(Collectors.toSet());
    }

    private static List<Double> bits(String name, String dtype, Consumer<TrainingRun> look, String... more) {
        Registry registry = Plugins.load(List.of());
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=2", "parallelism.expert_parallel_degree=2",
                "training.seq_len=128", "training.local_batch_size=2", "training.steps=3", "training.dtype=" + dtype,
                "runtime.timeout=30"));
        all.addAll(List.of(more));
        TrainerConfig config = new ConfigLoader(registry).load(name,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
        RunOptions options = RunOptions.threads(config).withData((rank, read) -> {
            Random random = new Random(rank);
            return () -> FrequentWords.batch(random,
                    Math.toIntExact(config.training().localTokens()) * config.microbatches());
        });
        List<Double> bits = new ArrayList<>();
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            look.accept(run);
            while (run.hasNext()) {
                StepResult step = run.step();
                bits.add(step.loss());
                bits.add(step.gradientNorm());
            }
        }
        return bits;
    }
}
