package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights that a run on the CPU has written arrive on a GPU in every bit, and leave it in every bit. */
@Tag("gpu")
@Timeout(120)
final class ModelFolderGpuTest {
    private static final int TOKENS = 32;

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"float32", "bfloat16"})
    void weightsAreTheSameOnEitherDevice(String dtype) {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        String type = "training.parameter_dtype=" + dtype;
        Map<String, float[]> expected = exported(first, "device=cpu", type);
        Map<String, float[]> read = exported(second, "device=cuda", type, "model.from=" + first, "ranks=2",
                "parallelism.expert_parallel_degree=2");
        requireEqual(expected, read);
        requireEqual(expected, exported(folder.resolve("third"), "device=cpu", type, "model.from=" + second));
    }

    /** Opens a run, exports it as it is, and gives its weights. */
    private Map<String, float[]> exported(Path to, String... overrides) {
        String[] all = Stream.concat(Stream.of("training.seq_len=" + TOKENS, "runtime.timeout=30"),
                Arrays.stream(overrides)).toArray(String[]::new);
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN, Arguments.of(all).overrides(),
                ConfigUse.running());
        RunOptions options = RunOptions.threads(config)
                .withData((rank, read) -> () -> new Batch(new int[TOKENS], new int[TOKENS]));
        try (TrainingRun run = Trainer.open(config, registry, options)) {
            run.export(to, ExportOptions.defaults());
            Map<String, float[]> values = new TreeMap<>();
            run.tensors().shapes().keySet().forEach(name -> values.put(name, run.tensors().read(name).values()));
            return values;
        }
    }

    private static void requireEqual(Map<String, float[]> expected, Map<String, float[]> found) {
        assertEquals(expected.keySet(), found.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), name));
    }
}
