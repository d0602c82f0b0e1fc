package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each family on a GPU: the losses are the same bits, however a step is run. */
@Tag("gpu")
@Timeout(120)
final class FamiliesGpuTest {

    @ParameterizedTest
    @CsvSource({"qwen3_moe_debugmodel_minimal_async_ep, bfloat16, 0, auto",
            "qwen3_moe_debugmodel_minimal_async_ep, float32, 0, auto",
            "deepseek_v3_debugmodel_minimal_async_ep, bfloat16, 0, auto",
            "deepseek_v3_debugmodel_minimal_async_ep, bfloat16, 2, auto",
            "deepseek_v3_debugmodel_minimal_async_ep, bfloat16, 0, float8",
            "qwen3_moe_debugmodel_minimal_async_ep, bfloat16, 0, float8"})
    void capturedEagerAndStandardAreOne(String name, String dtype, int modules, String products) {
        if (products.equals("float8")) {
            try (Gpu gpu = Gpu.open()) {
                assumeTrue(gpu.device.ops().supports(DType.F8_E4M3),
                        "no 8-bit products: not a Hopper GPU, or PTX only");
            }
        }
        List<Double> captured = losses(name, dtype, modules, products, "minimal_async_ep", true);
        assertTrue(captured.stream().allMatch(Double::isFinite), captured.toString());
        assertTrue(captured.getLast() < captured.getFirst(), captured.toString());
        assertEquals(captured, losses(name, dtype, modules, products, "minimal_async_ep", true), "another time");
        assertEquals(captured, losses(name, dtype, modules, products, "minimal_async_ep", false), "eager");
        assertEquals(captured, losses(name, dtype, modules, products, "standard", false), "standard");
    }

    private static List<Double> losses(String name, String dtype, int modules, String products, String backend,
            boolean capture) {
        Registry registry = Plugins.load(List.of());
        TrainerConfig config = new ConfigLoader(registry).load(name,
                Arguments.of("device=cuda", "ranks=2", "parallelism.expert_parallel_degree=2", "training.seq_len=128",
                        "training.local_batch_size=2", "training.steps=6", "training.dtype=" + dtype,
                        "training.dense_dtype=" + products, "training.expert_dtype=" + products,
                        "runtime.timeout=30", "model.num_nextn_predict_layers=" + modules,
                        "model.moe_comm_backend=" + backend, "graph_capture.enable=" + capture)
                        .overrides(),
                ConfigUse.training());
        RunOptions options = RunOptions.threads(config).withData((rank, read) -> {
            Random random = new Random(rank);
            return () -> FrequentWords.batch(random, Math.toIntExact(config.training().localTokens()));
        });
        List<Double> losses = new ArrayList<>();
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            while (run.hasNext()) {
                StepResult step = run.step();
                losses.addAll(step.predictionLosses());
                losses.add(step.loss());
            }
        }
        return losses;
    }
}
