package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.LossOps;
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
import io.moe4j.trainer.step.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Documents that share a sequence, and labels that do not count, on a GPU: the bits of eager and captured steps, and the losses of the CPU. */
@Tag("gpu")
@Timeout(180)
final class DocumentsGpuTest {
    private static final int LENGTH = 128;
    private static final String QWEN = "qwen3_moe_debugmodel_minimal_async_ep";
    private static final String DEEPSEEK = "deepseek_v3_debugmodel_minimal_async_ep";

    @ParameterizedTest
    @CsvSource({QWEN + ", bfloat16", QWEN + ", float32", DEEPSEEK + ", bfloat16"})
    void capturedAndEagerAreOne(String name, String dtype) {
        List<StepResult> captured = steps(name, "device=cuda", "training.dtype=" + dtype, "training.steps=4");
        assertTrue(captured.stream().allMatch(step -> Double.isFinite(step.loss()) && step.captured()),
                captured.toString());
        assertEquals(0, captured.getLast().hostSyncs());
        assertTrue(captured.getFirst().labels() < 2L * 2 * 2 * LENGTH, captured.toString());
        assertEquals(losses(captured),
                losses(steps(name, "device=cuda", "training.dtype=" + dtype, "training.steps=4")), "another time");
        assertEquals(losses(captured), losses(steps(name, "device=cuda", "training.dtype=" + dtype,
                "training.steps=4", "graph_capture.enable=false")), "eager");
    }

    /** In fp32 the loss is the CPU's within the sums of a few hundred terms through a few layers; across boundaries it is another one. */
    @ParameterizedTest
    @ValueSource(strings = {QWEN, DEEPSEEK})
    void lossesAreThoseOfTheCpu(String name) {
        String[] overrides = {"training.dtype=float32", "training.steps=2"};
        List<StepResult> cpu = steps(name, with("device=cpu", overrides));
        List<StepResult> cuda = steps(name, with("device=cuda", overrides));
        for (int i = 0; i < cpu.size(); i++) {
            assertEquals(cpu.get(i).labels(), cuda.get(i).labels());
            assertEquals(cpu.get(i).loss(), cuda.get(i).loss(), 1e-4 * cpu.get(i).loss());
            assertEquals(cpu.get(i).gradientNorm(), cuda.get(i).gradientNorm(), 1e-3 * cpu.get(i).gradientNorm());
        }
        assertNotEquals(losses(cuda), losses(steps(name, with("data.document_boundaries=false",
                with("device=cuda", overrides)))));
    }

    private static String[] with(String first, String... others) {
        List<String> all = new ArrayList<>(List.of(others));
        all.add(first);
        return all.toArray(String[]::new);
    }

    private static List<Double> losses(List<StepResult> steps) {
        return steps.stream().map(StepResult::loss).toList();
    }

    private static List<StepResult> steps(String name, String... overrides) {
        Registry registry = Plugins.load(List.of());
        List<String> all = new ArrayList<>(List.of("ranks=2", "parallelism.expert_parallel_degree=2",
                "parallelism.data_parallel_shard_degree=2", "training.seq_len=" + LENGTH,
                "training.local_batch_size=2", "training.gradient_accumulation_steps=2", "runtime.timeout=60",
                "data.document_boundaries=true"));
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(registry).load(name,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
        RunOptions options = RunOptions.threads(config).withData((rank, read) -> {
            Random random = new Random(rank);
            return () -> batch(random, Math.toIntExact(config.training().localTokens() * config.microbatches()),
                    config.data().documentBoundaries());
        });
        List<StepResult> steps = new ArrayList<>();
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            while (run.hasNext()) {
                steps.add(run.step());
            }
        }
        return steps;
    }

    /** Documents of 30 tokens on average; a third of the labels does not count. */
    private static Batch batch(Random random, int tokens, boolean boundaries) {
        int[] words = FrequentWords.of(random, tokens + 1);
        int[] inputs = new int[tokens];
        int[] labels = new int[tokens];
        int[] starts = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            int s = t % LENGTH;
            inputs[t] = words[t];
            labels[t] = random.nextInt(3) == 0 ? LossOps.IGNORED_LABEL : words[t + 1];
            starts[t] = s == 0 || random.nextInt(30) == 0 ? s : starts[t - 1];
        }
        return new Batch(inputs, labels, boundaries ? Optional.of(starts) : Optional.empty());
    }
}
