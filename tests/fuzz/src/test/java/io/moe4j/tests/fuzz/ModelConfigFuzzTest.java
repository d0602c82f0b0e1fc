package io.moe4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelProvider;
import io.moe4j.trainer.plugins.Plugins;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Each family's config.json: a model is made of it, or a short message names what is wrong. */
class ModelConfigFuzzTest {
    private static final List<String> WORDS = List.of("[", "]", "{", "}", ":", ",", "\"", "null", "true", "-1", "0",
            "1e999",
            "1.5", "2147483648", "9223372036854775807", "[]", "{}", "\u001b", "\u0000", "softmax", "yarn",
            "\"rope_scaling\":");

    private final Registry registry = Plugins.load(List.of());

    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3", "qwen3_moe"})
    void configurationsAreReadOrRefused(String family) {
        ModelProvider provider = registry.get(ModelProvider.class, family);
        Fuzz.of(3000).run(corpus(family), WORDS, input -> isModel(provider, input));
    }

    /** The controls: planted faults that only few inputs meet are found. */
    @ParameterizedTest
    @ValueSource(strings = {"_size\":-", "9223372036854775807", ":null", "e999"})
    void plantedFaultsAreFound(String part) {
        ModelProvider provider = registry.get(ModelProvider.class, "deepseek_v3");
        Fuzz.of(3000).requireFinds(corpus("deepseek_v3"), WORDS, input -> isModel(provider, input),
                input -> new String(input, StandardCharsets.UTF_8).contains(part));
    }

    /** Planning so many layers would take minutes, and test nothing more. */
    @ParameterizedTest
    @ValueSource(strings = {"deepseek_v3", "qwen3_moe"})
    void tooManyLayersAreRefused(String family) {
        Map<String, Object> config = JsonMapper.shared().readValue(
                published(family).replace("\"num_hidden_layers\":3", "\"num_hidden_layers\":100000"),
                new TypeReference<>() {});
        ModelProvider provider = registry.get(ModelProvider.class, family);
        String message = assertThrows(IllegalArgumentException.class, () -> provider.fromHuggingFace(config))
                .getMessage();
        assertTrue(message.contains("num_hidden_layers = 100000"), message);
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
            String message = String.valueOf(e.getMessage());
            assertTrue(message.length() < 10_000, message);
            assertTrue(message.chars().noneMatch(c -> Character.isISOControl(c) && c != '\n'), message);
            return false;
        }
    }

    private static List<byte[]> corpus(String family) {
        return List.of(published(family).getBytes(StandardCharsets.UTF_8));
    }

    private static String published(String family) {
        return family.equals("qwen3_moe")
                ? """
                        {"model_type":"qwen3_moe","vocab_size":256,"hidden_size":48,"num_hidden_layers":3,"num_attention_heads":4,\
                        "num_key_value_heads":2,"head_dim":20,"intermediate_size":80,"moe_intermediate_size":24,\
                        "num_local_experts":8,"num_experts_per_tok":3,"norm_topk_prob":true,"decoder_sparse_step":1,\
                        "mlp_only_layers":[1],"rms_norm_eps":1e-6,"max_position_embeddings":32768,\
                        "rope_parameters":{"rope_type":"default","rope_theta":1e6},"hidden_act":"silu","attention_bias":false,\
                        "attention_dropout":0.0,"use_sliding_window":false,"tie_word_embeddings":false}"""
                : """
                        {"model_type":"deepseek_v3","vocab_size":61,"hidden_size":32,"num_hidden_layers":3,"first_k_dense_replace":1,\
                        "num_attention_heads":2,"intermediate_size":40,"moe_intermediate_size":24,"n_routed_experts":8,\
                        "num_experts_per_tok":3,"n_shared_experts":1,"q_lora_rank":20,"kv_lora_rank":16,"qk_nope_head_dim":8,\
                        "qk_rope_head_dim":4,"v_head_dim":8,"rms_norm_eps":1e-5,"rope_theta":10000,"max_position_embeddings":64,\
                        "hidden_act":"silu","tie_word_embeddings":false,"attention_bias":false,"scoring_func":"sigmoid",\
                        "topk_method":"noaux_tc","routed_scaling_factor":2.5,"norm_topk_prob":true,"n_group":4,"topk_group":2}""";
    }
}
