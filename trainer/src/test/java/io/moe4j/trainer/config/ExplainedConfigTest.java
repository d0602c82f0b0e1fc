package io.moe4j.trainer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where values come from, and names that users of torchtitan type. */
class ExplainedConfigTest {
    private final ConfigLoader loader = new ConfigLoader(Plugins.load(List.of()));

    @TempDir
    private Path folder;

    @Test
    void whatIsPrintedIsTheSameConfigurationAgain() throws IOException {
        for (String name : NamedConfigs.names()) {
            ExplainedConfig first = explain(name, "--training.steps", "7", "--data.sources.web.path", "docs",
                    "--data.sources.web.prompt_field", "", "--data.sources.web.text_field", "a\"b",
                    "--validation.prompt_field", "", "--validation.messages_field", "turns", "--training.dtype",
                    "bfloat16");
            Path file = Files.writeString(folder.resolve("printed.toml"), first.toml());
            ExplainedConfig again = explain(file.toString());
            assertEquals(first.config(), again.config(), name);
        }
    }

    @Test
    void eachValueSaysWhereItComesFrom() throws IOException {
        Path file = Files.writeString(folder.resolve("mine.toml"),
                "ranks = 2\n[training]\nsteps = 5\nseq_len = 64\n[optimizer]\nlr = 0.5\n");
        ExplainedConfig config = explain(file.toString(), "--optimizer.lr", "0.25", "--debug.seed", "9");
        assertOrigin(config, "training.steps = 5", file.toString());
        assertOrigin(config, "optimizer.lr = 0.25", "--optimizer.lr");
        assertOrigin(config, "training.seed = 9", "--debug.seed");
        assertOrigin(config, "optimizer.beta1 = 0.9", "defaults");
        assertOrigin(config, "parallelism.data_parallel_shard_degree = 2", "all ranks of a replica");
    }

    @ParameterizedTest
    @CsvSource({"training.dataset_path, data.path", "training.mixed_precision_param, training.dtype",
            "validation.freq, validation.interval", "metrics.enable_tensorboard, metrics.tensorboard",
            "debug.moe_force_load_balance, moe.force_load_balance"})
    void torchtitansNamesForTheSameThingAreUnderstood(String theirs, String ours) {
        assertEquals(ours, TorchtitanNames.ours(theirs).orElse(""));
        assertTrue(Schema.read().keys().containsKey(ours), ours);
    }

    @ParameterizedTest
    @CsvSource({"compile.enable, graph_capture.enable", "parallelism.tensor_parallel_degree, leave it out",
            "checkpoint.folder, --output", "training.dataset, data.path", "profiling.enable_profiling, profile.steps",
            "training.enable_cpu_offload, optimizer.offload", "job.config_file, --config"})
    void torchtitansOtherNamesAreAnswered(String theirs, String answer) {
        ConfigException problems = assertThrows(ConfigException.class,
                () -> explain(NamedConfigs.PLAIN, "--" + theirs, "1"));
        assertTrue(problems.problems().getFirst().remedy().contains(answer), problems.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"activation_checkpoint.mode, selective_op, is budget here", "optimizer.name, Adam, weight_decay 0",
            "activation_checkpoint.mode, ful, the nearest is full", "device, cuad, the nearest is cuda",
            "model.flavor, 16b, the nearest is 16B", "moe.on_overflow, round, the nearest is rounds"})
    void aWrongNameIsAnsweredWithTheOneThatWasMeant(String key, String value, String answer) {
        ConfigException problems = assertThrows(ConfigException.class,
                () -> explain(NamedConfigs.PLAIN, "--" + key, value));
        assertTrue(problems.problems().getFirst().remedy().contains(answer), problems.getMessage());
    }

    @Test
    void elementTypesHaveTheirShortNamesToo() {
        for (String name : List.of("bf16", "bfloat16", "BF16")) {
            assertEquals(DType.BF16, explain(NamedConfigs.PLAIN, "--training.dtype", name).config().training().dtype());
        }
        assertEquals(DType.F32, explain(NamedConfigs.PLAIN, "--training.dtype", "fp32").config().training().dtype());
    }

    @Test
    void answersNameKeysThatThereAre() {
        Set<String> sections = new HashSet<>();
        Schema.read().keys().keySet().forEach(key -> sections.add(key.substring(0, Math.max(0, key.indexOf('.')))));
        for (String answer : TorchtitanNames.answers()) {
            Matcher name = Pattern.compile("[a-z_]+\\.[a-z_]+").matcher(answer);
            while (name.find()) {
                boolean isKey = sections.contains(name.group().substring(0, name.group().indexOf('.')));
                assertTrue(!isKey || Schema.read().keys().containsKey(name.group())
                        || name.group().equals("metrics.jsonl"), answer);
            }
        }
    }

    @Test
    void aNameOfOursIsNeverTakenForTorchtitans() {
        for (String key : Schema.read().keys().keySet()) {
            assertTrue(TorchtitanNames.ours(key).isEmpty(), key);
        }
    }

    @Test
    void theNearestNameIsFoundWhateverItsCase() {
        ConfigException problems = assertThrows(ConfigException.class, () -> explain("16B"));
        assertTrue(problems.getMessage().contains("the nearest is deepseek_v3_16b_minimal_async_ep"),
                problems.getMessage());
    }

    private ExplainedConfig explain(String name, String... arguments) {
        return loader.explain(name, Arguments.parse(List.of(arguments)).overrides(), ConfigUse.planning());
    }

    private static void assertOrigin(ExplainedConfig config, String value, String origin) {
        int dot = value.indexOf('.');
        assertEquals(origin, config.origins().get(value.substring(0, value.indexOf(' '))));
        assertTrue(config.toml().lines().anyMatch(line -> line.startsWith(value.substring(dot + 1))
                && line.endsWith("# " + origin)), config.toml());
    }
}
