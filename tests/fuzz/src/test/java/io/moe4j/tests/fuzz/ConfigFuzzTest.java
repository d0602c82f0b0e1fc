package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigException;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Configurations: TOML files, values of the command line, and config.json of models. */
class ConfigFuzzTest {
    private static final List<String> WORDS = List.of("[", "]", "[[", "]]", "{", "}", "=", "\"", "\"\"\"", "'", "'''", "\\",
            "\\u0000", "\\U00110000", "#", "\n", "\r", ".", ",", "_", "1e999999999", "0x7fffffffffffffffffff",
            "1979-05-27T07:32:00Z", "99999-99-99", "25:61:61", "nan", "-inf", "true", "\u0000", "\u00e9", "training", "steps",
            "[training]");
    private static final List<String> VALUES = List.of("", " ", "-1", "0", "1", "2147483647", "2147483648",
            "9223372036854775807", "99999999999999999999", "1e308", "1e-308", "1e999", "nan", "-inf", "1d", "0x10", "true",
            "null", "\u0000", "\u001b[2J", "a\nb", "x".repeat(100_000), "\u0661");
    private static final String PUBLISHED = """
            {"model_type":"deepseek_v3","vocab_size":61,"hidden_size":32,"num_hidden_layers":3,"first_k_dense_replace":1,\
            "num_attention_heads":2,"intermediate_size":40,"moe_intermediate_size":24,"n_routed_experts":8,\
            "num_experts_per_tok":3,"n_shared_experts":1,"q_lora_rank":20,"kv_lora_rank":16,"qk_nope_head_dim":8,\
            "qk_rope_head_dim":4,"v_head_dim":8,"rms_norm_eps":1e-5,"rope_theta":10000,"max_position_embeddings":64,\
            "hidden_act":"silu","tie_word_embeddings":false,"attention_bias":false,"scoring_func":"sigmoid",\
            "routed_scaling_factor":2.5,"norm_topk_prob":true,"n_group":4,"topk_group":2}""";

    private final Registry registry = Plugins.load(List.of());

    @TempDir
    private Path folder;

    @Test
    void filesAreReadOrRefused() {
        Fuzz.of(1500).run(files(), WORDS, this::isFileValid);
    }

    /** The controls: faults that few inputs meet. */
    @Test
    void plantedFaultsAreFound() {
        List.of("1979-05-27", "\\U00110000", "[[", "\u0000").forEach(part -> Fuzz.of(1500).requireFinds(files(), WORDS,
                this::isFileValid, input -> new String(input, StandardCharsets.UTF_8).contains(part)));
        ModelProvider provider = registry.get(ModelProvider.class, "deepseek_v3");
        List.of("_size\":-", "9223372036854775807", ":null").forEach(part -> Fuzz.of(3000).requireFinds(published(), WORDS,
                input -> isModel(provider, input), input -> new String(input, StandardCharsets.UTF_8).contains(part)));
    }

    private List<byte[]> files() {
        return List.of(ConfigLoader.toml(load(NamedConfigs.PLAIN)).getBytes(StandardCharsets.UTF_8),
                "ranks = 2\n[training]\nsteps = 3 # few\ndtype = \"bfloat16\"\n[optimizer]\nlr = 1e-3\n"
                        .getBytes(StandardCharsets.UTF_8));
    }

    private boolean isFileValid(byte[] input) throws IOException {
        Path file = Files.write(folder.resolve("x.toml"), input);
        return isValid(() -> load(file.toString()));
    }

    @Test
    void everyKeyTakesOrRefusesEveryValue() throws IOException {
        List<String> keys = ConfigLoader.toml(load(NamedConfigs.PLAIN)).lines()
                .map(line -> line.substring(0, line.indexOf(' '))).toList();
        assertTrue(keys.size() > 40, keys.toString());
        for (String key : keys) {
            for (String value : VALUES) {
                isValid(() -> load(NamedConfigs.PLAIN, key + "=" + value));
            }
        }
    }

    @Test
    void configurationsOfModelsAreReadOrRefused() {
        ModelProvider provider = registry.get(ModelProvider.class, "deepseek_v3");
        Fuzz.of(3000).run(published(), WORDS, input -> isModel(provider, input));
    }

    private static List<byte[]> published() {
        return List.of(PUBLISHED.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean isModel(ModelProvider provider, byte[] input) {
        Map<String, Object> config;
        try {
            config = JsonMapper.shared().readValue(input, new TypeReference<>() {});
        } catch (JacksonException e) {
            return false;
        }
        try {
            return config != null && provider.fromHuggingFace(config).vocabulary() > 0;
        } catch (IllegalArgumentException e) {
            requireShort(String.valueOf(e.getMessage()));
            return false;
        }
    }

    private static void requireShort(String message) {
        assertTrue(message.length() < 10_000, message);
        assertTrue(message.chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), message);
    }

    /** To plan so many layers takes minutes, in which nothing would be seen. */
    @Test
    void tooManyLayersAreRefused() {
        Map<String, Object> config = JsonMapper.shared().readValue(
                PUBLISHED.replace("\"num_hidden_layers\":3", "\"num_hidden_layers\":100000"), new TypeReference<>() {});
        ModelProvider provider = registry.get(ModelProvider.class, "deepseek_v3");
        String message = assertThrows(IllegalArgumentException.class, () -> provider.fromHuggingFace(config)).getMessage();
        assertTrue(message.contains("num_hidden_layers"), message);
    }

    private boolean isValid(Loading loading) throws IOException {
        TrainerConfig config;
        try {
            config = loading.load();
        } catch (ConfigException e) {
            e.problems().forEach(problem -> requireShort(problem.toString()));
            return false;
        }
        Path file = Files.writeString(folder.resolve("again.toml"), ConfigLoader.toml(config));
        assertEquals(config, load(file.toString()));
        return true;
    }

    private TrainerConfig load(String name, String... overrides) {
        return new ConfigLoader(registry).load(name, Arguments.of(overrides).overrides(), ConfigUse.planning());
    }

    /** Loads a configuration. */
    @FunctionalInterface
    private interface Loading {
        TrainerConfig load();
    }
}
