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
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a GPU, whatever is kept from forward to backward: losses and gradient norms have the bits of full recompute, eager and captured. */
@Tag("gpu")
@Timeout(240)
final class BudgetGpuTest {
    private static final int WORDS = 2048;
    private static final long SEED = 23;

    @ParameterizedTest
    @CsvSource({"deepseek_v3_debugmodel_minimal_async_ep, bfloat16", "qwen3_moe_debugmodel_minimal_async_ep, bfloat16",
            "deepseek_v3_debugmodel_minimal_async_ep, float32"})
    void aBudgetDoesNotShow(String name, String dtype) {
        List<Double> full = bits(name, dtype, run -> {}, "activation_checkpoint.mode=full");
        assertTrue(full.stream().allMatch(Double::isFinite), full.toString());
        long[] most = {0};
        assertEquals(full, bits(name, dtype, run -> {
            RecomputePlan plan = run.session().recomputePlan().orElseThrow();
            most[0] = plan.keptBytes();
            assertTrue(plan.budgetBytes() >= 1L << 30, "a GPU has room: " + plan.lines());
        }, "activation_checkpoint.mode=budget"), "auto, captured");
        Random random = new Random(SEED);
        for (String capture : List.of("graph_capture.enable=true", "graph_capture.enable=false")) {
            for (int i = 0; i < 2; i++) {
                double gib = random.nextDouble() * most[0] / (1L << 30);
                assertEquals(full, bits(name, dtype, run -> {}, "activation_checkpoint.mode=budget",
                        "activation_checkpoint.memory_budget=" + gib, capture),
                        "seed " + SEED + ", " + gib + " GiB, " + capture);
            }
        }
        assertEquals(full, bits(name, dtype, run -> {}, "activation_checkpoint.mode=budget",
                "model.moe_comm_backend=standard", "graph_capture.enable=false"), "auto, standard");
        assertEquals(bits(name, dtype, run -> {}, "training.gradient_accumulation_steps=2"),
                bits(name, dtype, run -> {}, "training.gradient_accumulation_steps=2",
                        "activation_checkpoint.mode=budget"),
                "two microbatches");
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
            return () -> batch(random, Math.toIntExact(config.training().localTokens()) * config.microbatches());
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

    private static Batch batch(Random random, int tokens) {
        int[] words = random.ints(tokens + 1L, 0, WORDS).map(word -> word % 3 == 0 ? word : word % 7).toArray();
        int[] inputs = new int[tokens];
        int[] labels = new int[tokens];
        System.arraycopy(words, 0, inputs, 0, tokens);
        System.arraycopy(words, 1, labels, 0, tokens);
        return new Batch(inputs, labels);
    }
}
