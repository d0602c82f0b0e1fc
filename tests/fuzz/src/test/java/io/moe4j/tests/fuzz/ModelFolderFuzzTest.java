package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.InputException;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelSource;
import io.moe4j.trainer.plugins.Plugins;
import io.moe4j.trainer.run.RunOptions;
import io.moe4j.trainer.run.Trainer;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Model folders with damaged text files: each is opened, or a short message says what is wrong with it. */
class ModelFolderFuzzTest {
    private static final List<String> WORDS = List.of("[", "]", "{", "}", ":", ",", "\"", "null", "true", "-1", "0",
            "1e999", "1.5", "2147483647", "9223372036854775807", "[]", "{}", "\u001b", "\u0000", "../", "/", "x",
            "model.norm.weight", ".safetensors", "\"quantization_config\":", "\"weight_map\":");

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @CsvSource({"config.json, 400", "model.safetensors.index.json, 800"})
    void foldersAreOpenedOrRefused(String file, int inputs, @TempDir Path folder) throws IOException {
        Path model = folder.resolve("model");
        export(model);
        byte[] whole = Files.readAllBytes(model.resolve(file));
        byte[] dense = new String(whole, StandardCharsets.UTF_8).replaceAll("\\s+", "")
                .getBytes(StandardCharsets.UTF_8);
        Fuzz.of(inputs).run(List.of(whole, dense), WORDS, input -> isOpened(model, file, input));
    }

    private boolean isOpened(Path model, String file, byte[] input) throws IOException {
        Files.write(model.resolve(file), input);
        try (ModelSource source = ModelSource.open(model, registry)) {
            return source.spec().vocabulary() > 0;
        } catch (InputException e) {
            String message = String.valueOf(e.getMessage());
            assertTrue(message.contains("model") && message.length() < 12_000 && message.lines().count() <= 30,
                    message);
            assertTrue(message.chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), message);
            return false;
        }
    }

    private void export(Path model) {
        Map<String, Object> keys = new HashMap<>(Map.of("model_type", "qwen3_moe", "vocab_size", 16, "hidden_size", 8,
                "num_hidden_layers", 2, "num_attention_heads", 2, "num_key_value_heads", 1, "intermediate_size", 8,
                "moe_intermediate_size", 8, "num_experts", 2, "num_experts_per_tok", 1));
        keys.putAll(Map.of("head_dim", 4, "rms_norm_eps", 1e-6, "rope_theta", 1e6, "max_position_embeddings", 64,
                "norm_topk_prob", true, "tie_word_embeddings", false, "mlp_only_layers", List.of(0)));
        ModelSpec spec = registry.get(ModelProvider.class, "qwen3_moe").fromHuggingFace(keys);
        TrainerConfig config = new ConfigLoader(registry).load(NamedConfigs.PLAIN,
                Arguments.of("training.seq_len=4").overrides(), ConfigUse.runningModel(spec));
        RunOptions options = RunOptions.threads(config)
                .withData((rank, read) -> () -> new Batch(new int[4], new int[4]));
        try (TrainingRun run = Trainer.open(config, spec.withMoeCommBackend(config.model().moeCommBackend()), registry,
                options)) {
            run.export(model, ExportOptions.defaults());
        }
    }
}
