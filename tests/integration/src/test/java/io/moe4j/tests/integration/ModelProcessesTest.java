package io.moe4j.tests.integration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A job of several processes, as a user starts it, that starts from a model folder and exports one. */
@Execution(ExecutionMode.CONCURRENT)
class ModelProcessesTest {
    private static final int VOCABULARY = 60_000;
    private static final int DIM = 256;
    /** Less than the 123 MB of the model; this option wins over that of the command line. */
    private static final Map<String, String> SMALL_HEAP = Map.of("_JAVA_OPTIONS", "-Xmx112m");

    @TempDir
    private Path folder;

    /** A step so small that no weight changes: the exported model is the one it started from, in every bit. */
    @Test
    @Tag("thorough")
    void aModelLargerThanTheHeapGoesInAndOut() throws IOException, InterruptedException {
        Path model = folder.resolve("model");
        Path exported = folder.resolve("exported");
        try (TrainingRun run = Tiny.openOther(this::wide, "ranks=1", "parallelism.data_parallel_shard_degree=1",
                "parallelism.expert_parallel_degree=1", "training.seq_len=4", "training.local_batch_size=1")) {
            run.export(model, ExportOptions.defaults());
        }
        try (RankProcesses processes = RankProcesses.optimized(folder, 2)) {
            for (int rank = 0; rank < 2; rank++) {
                processes.start(rank, List.of("train", "--config", "defaults", "--ranks", "2",
                        "--parallelism.expert_parallel_degree", "2", "--model.from", model.toString(),
                        "--checkpoint.export", exported.toString(), "--training.steps", "1", "--training.seq_len", "8",
                        "--optimizer.lr", "1e-30", "--moe.load_balance_coeff", "0", "--output",
                        folder.resolve("run").toString()), SMALL_HEAP, UnaryOperator.identity());
            }
            assertEquals(0, processes.exitCode(0), () -> processes.log(0));
            assertEquals(0, processes.exitCode(1), () -> processes.log(1));
            assertTrue(
                    Pattern.compile("^weights +" + Pattern.quote(model.toString()) + ": 1[12]\\d\\.\\d\\d MB, read in ",
                            Pattern.MULTILINE).matcher(processes.log(0)).find(),
                    processes.log(0));
            assertTrue(processes.log(0).contains("exported  " + exported), processes.log(0));
        }
        Map<String, FolderCopy.Stored> before = FolderCopy.of(model).tensors;
        Map<String, FolderCopy.Stored> after = FolderCopy.of(exported).tensors;
        assertEquals(before.keySet(), after.keySet());
        before.forEach((name, tensor) -> assertArrayEquals(tensor.bytes(), after.get(name).bytes(), name));
        try (Stream<Path> beside = Files.list(folder)) {
            assertEquals(List.of("exported", "model", "run", "state"), beside.filter(Files::isDirectory)
                    .map(path -> path.getFileName().toString()).sorted().toList(), "nothing temporary is left");
        }
    }

    private ModelSpec wide(ModelSpec other) {
        Registry registry = Plugins.load(List.of());
        Map<String, Object> keys = new HashMap<>(Map.of("model_type", "qwen3_moe", "vocab_size", VOCABULARY,
                "hidden_size", DIM, "num_hidden_layers", 1, "num_attention_heads", 2, "num_key_value_heads", 1,
                "moe_intermediate_size", 8, "num_experts", 2, "num_experts_per_tok", 1, "norm_topk_prob", true));
        keys.putAll(Map.of("head_dim", 8, "rms_norm_eps", 1e-6, "rope_theta", 1e6, "max_position_embeddings", 64,
                "tie_word_embeddings", false));
        return registry.get(ModelProvider.class, "qwen3_moe").fromHuggingFace(keys)
                .withMoeCommBackend(other.moe().orElseThrow().commBackend());
    }
}
