package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.LayerLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A profile of some steps between replayed ones, and the loads of layers, on a GPU. */
@Tag("gpu")
@Timeout(180)
final class ProfileGpuTest {
    private static final Pattern DEVICE_SPAN = Pattern
            .compile("\\{\"name\":\"([^\"]+)\",\"cat\":\"device\",\"ph\":\"X\",\"ts\":[0-9.E-]+,\"dur\":([0-9.E-]+)");
    /** Routed rows of a layer: 2 ranks, each with 2 sequences of 128 tokens, each token with 3 experts. */
    private static final long ROUTED = 2L * 2 * 128 * 3;

    @TempDir
    private Path folder;

    @Test
    void theBitsAreThoseOfARunWithoutAndTheDeviceHasItsTimes() throws IOException {
        List<StepResult> plain = steps("plain", "metrics.layers_every=0");
        List<StepResult> profiled = steps("profiled", "profile.steps=3-4");
        assertEquals(plain.stream().map(StepResult::loss).toList(), profiled.stream().map(StepResult::loss).toList());
        assertEquals(List.of(true, true, false, false, true, true),
                profiled.stream().map(StepResult::captured).toList());
        for (StepResult step : profiled) {
            assertEquals(0, step.hostSyncs());
            for (LayerLoad layer : step.layers()) {
                assertEquals(ROUTED, layer.tokensPerExpert().stream().mapToLong(Long::longValue).sum(),
                        layer::toString);
            }
            assertEquals(5, step.layers().size());
        }
        // Per rank, the sums of the device's times of spans: experts take longer than nothing, and no longer than the whole.
        Map<String, Double> sums = new TreeMap<>();
        Matcher spans = DEVICE_SPAN.matcher(Files.readString(folder.resolve("profiled/profile-3-4.json")));
        while (spans.find()) {
            sums.merge(spans.group(1), Double.valueOf(spans.group(2)), Double::sum);
        }
        for (String name : List.of("gate", "plan", "dispatch", "experts", "combine", "recompute", "collectives",
                "optimizer")) {
            double sum = sums.getOrDefault(name, 0.0);
            assertTrue(sum > 0 && sum <= sums.get("forward and backward") + sums.get("optimizer"), sums::toString);
        }
    }

    private List<StepResult> steps(String name, String... overrides) {
        Registry registry = Plugins.load(List.of());
        List<String> all = new ArrayList<>(List.of("device=cuda", "ranks=2", "parallelism.expert_parallel_degree=2",
                "parallelism.data_parallel_shard_degree=2", "training.steps=6", "training.seq_len=128"));
        all.addAll(List.of(overrides));
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.DEFAULT,
                Arguments.of(all.toArray(String[]::new)).overrides(), ConfigUse.training());
        try (TrainingRun run = Trainer.open(config, registry,
                RunOptions.threads(config).withOutput(folder.resolve(name)))) {
            List<StepResult> steps = new ArrayList<>();
            while (run.hasNext()) {
                steps.add(run.step());
            }
            return steps;
        }
    }
}
