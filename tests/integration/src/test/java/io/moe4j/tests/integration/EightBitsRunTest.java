package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Products in 8 bits in whole runs: of the other family, with modules for multi-token prediction, with parameters in shards, and continued. */
class EightBitsRunTest {
    private static final List<String> TYPES = List.of("training.dense_dtype=float8", "training.expert_dtype=float8",
            "moe.dispatch_dtype=float8");
    private static final List<String> STANDARD = List.of("model.moe_comm_backend=standard",
            "graph_capture.enable=false", "activation_checkpoint.mode=none");

    @TempDir
    private Path folder;

    @Test
    void theOtherFamily() {
        List<String> two = List.of("ranks=2", "parallelism.data_parallel_shard_degree=2",
                "parallelism.expert_parallel_degree=2", "training.steps=3");
        List<Double> captured = losses(Tiny::qwen, two, TYPES);
        assertEquals(captured, losses(Tiny::qwen, two, TYPES, STANDARD));
        assertNotEquals(captured, losses(Tiny::qwen, two));
    }

    /** All units are in shards, which are quantized when they are gathered; a module for multi-token prediction has a block of the same products. */
    @Test
    void partsOfParameters() {
        List<String> shards = List.of("ranks=2", "parallelism.data_parallel_shard_degree=2",
                "parallelism.expert_parallel_degree=1", "training.steps=2", "training.gradient_accumulation_steps=2");
        UnaryOperator<ModelSpec> predicting = spec -> spec.withPredictionDepth(1);
        assertEquals(losses(predicting, shards, TYPES), losses(predicting, shards, TYPES, STANDARD));
    }

    @Test
    void aRunGoesOnWhereItStopped() {
        List<String> saved = List.of("checkpoint.enable=true", "checkpoint.interval=2", "ranks=2",
                "parallelism.data_parallel_shard_degree=2", "parallelism.expert_parallel_degree=2", "training.steps=4");
        List<Double> whole;
        try (TrainingRun run = Tiny.openWith(options -> options.withOutput(folder.resolve("whole")),
                joined(saved, TYPES))) {
            whole = Tiny.losses(run);
        }
        List<String> resumed = List.of("checkpoint.resume="
                + folder.resolve("whole/checkpoints/step-000000002"));
        try (TrainingRun run = Tiny.openWith(options -> options.withOutput(folder.resolve("rest")),
                joined(saved, TYPES, resumed))) {
            assertEquals(whole.subList(2, 4), Tiny.losses(run));
        }
    }

    @SafeVarargs
    private static List<Double> losses(UnaryOperator<ModelSpec> model,
            List<String>... overrides) {
        try (TrainingRun run = Tiny.openOther(model, joined(overrides))) {
            return Tiny.losses(run);
        }
    }

    @SafeVarargs
    private static String[] joined(List<String>... overrides) {
        List<String> all = new ArrayList<>();
        for (List<String> some : overrides) {
            all.addAll(some);
        }
        return all.toArray(String[]::new);
    }
}
