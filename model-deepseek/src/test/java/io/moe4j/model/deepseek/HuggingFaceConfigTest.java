package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling.Linear;
import io.moe4j.layers.rotary.RotaryScaling.Llama3;
import io.moe4j.layers.rotary.RotaryScaling.Yarn;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceConfigTest {

    private static final MixtureOfExperts EXPERTS = new MixtureOfExperts(16, 24, 1,
            new Gate(Score.SIGMOID, 4, 4, 2, true, 2.5f));

    @Test
    void everyKeyArrives() {
        DecoderSpec spec = HuggingFaceConfig.spec(config());
        assertEquals(256, spec.vocabulary());
        assertEquals(48, spec.dim());
        assertEquals(3, spec.blocks().size());
        assertEquals(new DenseFeedForward(80), spec.blocks().get(0).feedForward());
        assertEquals(EXPERTS, spec.blocks().get(1).feedForward());
        assertEquals(latent(new QueryProjection.LowRank(20)), attention(spec));
        assertEquals(1e-5f, spec.normEps());
        assertEquals(16384, spec.maxSequence());
        assertFalse(spec.tiedEmbedding());
    }

    private static LatentAttention latent(QueryProjection query) {
        RotarySpec rotary = new RotarySpec(Rotation.PAIRS, 16, 10000, new Yarn(40, 4096, 32, 1, true, 1));
        return new LatentAttention(3, query, 24, 8, 8, rotary, 0.1 * Math.log(40) + 1, 1e-6f);
    }

    private static LatentAttention attention(DecoderSpec spec) {
        return (LatentAttention) spec.blocks().getLast().attention();
    }

    private static Gate gate(Map<String, Object> config) {
        return ((MixtureOfExperts) HuggingFaceConfig.spec(config).blocks().getLast().feedForward()).gate();
    }

    @Test
    void withoutQueryRankQueriesAreDirect() {
        Map<String, Object> config = config();
        config.put("q_lora_rank", null);
        assertEquals(latent(new QueryProjection.Direct()), attention(HuggingFaceConfig.spec(config)));
    }

    @Test
    void whatTransformersFiveWritesIsTheSame() {
        Map<String, Object> config = config();
        Map<String, Object> rope = section(config);
        rope.put("rope_type", rope.remove("type"));
        rope.put("rope_theta", config.remove("rope_theta"));
        config.put("rope_parameters", rope);
        List.of("rope_scaling", "scoring_func", "moe_layer_freq").forEach(config::remove);
        config.putAll(Map.of("qk_head_dim", 24, "head_dim", 16, "rope_interleave", true, "pretraining_tp", 1));
        assertEquals(HuggingFaceConfig.spec(config()), HuggingFaceConfig.spec(config));
    }

    @Test
    void theLatentsNormsHaveAnEpsilonOfTheirOwn() {
        Map<String, Object> config = config();
        config.put("latent_norm_eps", 1e-3);
        assertEquals(1e-3f, attention(HuggingFaceConfig.spec(config)).latentEps());
    }

    @Test
    void halvesAreRotatedWhereTheFileSaysSo() {
        Map<String, Object> config = config();
        config.put("rope_interleave", false);
        assertEquals(Rotation.HALVES, attention(HuggingFaceConfig.spec(config)).rotary().rotation());
        assertEquals("1.3", HuggingFaceConfig.spec(config).deviceSpi());
        assertEquals("1.0", HuggingFaceConfig.spec(config()).deviceSpi());
    }

    /** Temperature from mscale_all_dim; what mscale has beyond it stretches the rotated elements. */
    @Test
    void mscalesThatDifferAreBothUsed() {
        Map<String, Object> config = config();
        section(config).put("mscale_all_dim", 0.5);
        LatentAttention attention = attention(HuggingFaceConfig.spec(config));
        assertEquals(0.05 * Math.log(40) + 1, attention.temperature());
        assertEquals((0.1 * Math.log(40) + 1) / (0.05 * Math.log(40) + 1),
                ((Yarn) attention.rotary().scaling()).amplitude());
    }

    /** The published classes sharpen attention by mscale_all_dim with every kind of scaling, and use mscale with YaRN alone. */
    @ParameterizedTest
    @CsvSource({"linear", "llama3"})
    void everyScalingHasATemperature(String kind) {
        Map<String, Object> config = config();
        config.put("rope_scaling", new HashMap<String, Object>(Map.of("rope_type", kind, "factor", 4.0,
                "low_freq_factor", 1.0, "high_freq_factor", 4.0, "original_max_position_embeddings", 4096,
                "mscale_all_dim", 0.5)));
        LatentAttention attention = attention(HuggingFaceConfig.spec(config));
        assertEquals(0.05 * Math.log(4) + 1, attention.temperature());
        assertEquals(kind.equals("linear") ? new Linear(4) : new Llama3(4, 4096, 1, 4), attention.rotary().scaling());
        section(config).put("rope_type", "default");
        assertEquals(1, attention(HuggingFaceConfig.spec(config)).temperature());
    }

    /** Transformers 5 reads the length outside the section, where there is one. */
    @Test
    void theOriginalLengthMayStandOutside() {
        Map<String, Object> config = config();
        config.put("original_max_position_embeddings", section(config).remove("original_max_position_embeddings"));
        assertEquals(attention(HuggingFaceConfig.spec(config())), attention(HuggingFaceConfig.spec(config)));
    }

    /** The published class would have 8 groups and keep 4, which no weight shows. */
    @ParameterizedTest
    @CsvSource({"n_group", "topk_group"})
    void groupsAreNotGuessed(String key) {
        Map<String, Object> config = config();
        config.remove(key);
        assertTrue(refusal(config).contains(key + " is missing"), refusal(config));
    }

    /** Null is false in Python, and true where a key is missing. */
    @Test
    void nullIsNoDefaultOfTrue() {
        Map<String, Object> config = config();
        config.put("rope_interleave", null);
        assertTrue(refusal(config).contains("rope_interleave = null: it must be true or false"), refusal(config));
        config.remove("rope_interleave");
        section(config).put("truncate", null);
        assertTrue(refusal(config).contains("rope_scaling.truncate = null"), refusal(config));
        section(config).remove("truncate");
        config.put("tie_word_embeddings", null);
        assertFalse(HuggingFaceConfig.spec(config).tiedEmbedding());
    }

    @Test
    void theSecondVersionSelectsWithoutBiasesOfItsOwn() {
        Map<String, Object> config = second();
        config.put("topk_method", "group_limited_greedy");
        assertEquals(new Gate(Score.SOFTMAX, 4, 4, 2, false, 2.5f, GroupValue.LARGEST), gate(config));
        config.put("topk_method", "greedy");
        assertEquals(new Gate(Score.SOFTMAX, 4, 1, 1, false, 2.5f), gate(config));
    }

    private static Map<String, Object> second() {
        Map<String, Object> config = config();
        config.put("model_type", "deepseek_v2");
        config.put("scoring_func", "softmax");
        config.put("norm_topk_prob", false);
        return config;
    }

    @Test
    void withoutDenseLayersAllHaveExperts() {
        Map<String, Object> config = config();
        config.put("first_k_dense_replace", 0);
        config.remove("intermediate_size");
        assertEquals(List.of(0, 1, 2), HuggingFaceConfig.spec(config).expertBlocks());
    }

    @Test
    void everythingWrongIsSaidAtOnce() {
        Map<String, Object> config = config();
        config.remove("kv_lora_rank");
        config.put("attention_bias", true);
        config.put("hidden_size", 48.5);
        config.put("quantization_config", Map.of("quant_method", "fp8"));
        section(config).put("type", "dynamic");
        config.put("topk_method", "best");
        config.put("rms_norm_eps", 0);
        String message = refusal(config);
        for (String part : new String[] {"kv_lora_rank is missing", "attention_bias = true", "hidden_size = 48.5",
                "quantization_config", "rope_scaling.type = dynamic", "topk_method = best", "rms_norm_eps = 0"}) {
            assertTrue(message.contains(part), message);
        }
        assertEquals(8, message.lines().count(), message);
    }

    @ParameterizedTest
    @CsvSource({"deepseek_v3, topk_method, group_limited_greedy", "deepseek_v2, topk_method, noaux_tc",
            "deepseek_v2, norm_topk_prob, true", "deepseek_v2, scoring_func, sigmoid",
            "deepseek_v3, partial_rotary_factor, 0.5", "deepseek_v3, num_key_value_heads, 1",
            "deepseek_v3, qk_head_dim, 20", "deepseek_v3, mlp_bias, true", "deepseek_v3, moe_layer_freq, 2",
            "deepseek_v3, hidden_act, gelu", "deepseek_v3, is_causal, false", "deepseek_v3, topk_method, greedy",
            "deepseek_v3, num_local_experts, 8", "deepseek_v2, num_experts, 8",
            "deepseek_v3, original_max_position_embeddings, 1024"})
    void whatIsNotComputedIsRefused(String type, String key, String text) {
        Map<String, Object> config = type.equals("deepseek_v2") ? second() : config();
        Object value = text.matches("[0-9.]+") ? Double.valueOf(text)
                : text.matches("true|false") ? (Object) Boolean.valueOf(text) : text;
        config.put(key, value);
        String message = refusal(config);
        assertTrue(message.contains(key + " = " + value), message);
    }

    /** 16 experts in 4 groups, of which 2 are kept, 4 for a token. */
    @ParameterizedTest
    @CsvSource({"n_group, 3, a divisor of n_routed_experts = 16", "topk_group, 5, 1 to 4",
            "num_experts_per_tok, 9, 1 to 8", "n_group, 16, 1 to 8"})
    void numbersOfExpertsThatDoNotFitTogetherAreRefusedByTheirKeys(String key, int value, String supported) {
        Map<String, Object> config = config();
        config.put(key, value);
        String message = refusal(config);
        assertTrue(message.contains("- " + key + " = " + value + ": only " + supported + " is supported; "), message);
        assertEquals(2, message.lines().count(), message);
    }

    @Test
    void withoutGroupsATokenHasNoMoreExpertsThanThereAre() {
        Map<String, Object> config = second();
        config.put("topk_method", "greedy");
        config.put("num_experts_per_tok", 17);
        assertTrue(refusal(config).contains("- num_experts_per_tok = 17: only 1 to 16 is supported; "),
                refusal(config));
    }

    private static String refusal(Map<String, Object> config) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> HuggingFaceConfig.spec(config))
                .getMessage());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> section(Map<String, Object> config) {
        return (Map<String, Object>) config.get("rope_scaling");
    }

    private static Map<String, Object> config() {
        Map<String, Object> config = new HashMap<>();
        config.put("model_type", "deepseek_v3");
        config.put("vocab_size", 256);
        config.put("hidden_size", 48);
        config.put("num_hidden_layers", 3);
        config.put("first_k_dense_replace", 1L);
        config.put("num_attention_heads", 3);
        config.put("intermediate_size", 80);
        config.put("moe_intermediate_size", 24);
        config.put("n_routed_experts", 16);
        config.put("num_experts_per_tok", 4);
        config.put("n_shared_experts", 1);
        config.put("q_lora_rank", 20);
        config.put("kv_lora_rank", 24);
        config.put("qk_nope_head_dim", 8);
        config.put("qk_rope_head_dim", 16);
        config.put("v_head_dim", 8);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000);
        config.put("max_position_embeddings", 16384);
        config.put("hidden_act", "silu");
        config.put("tie_word_embeddings", false);
        config.put("attention_bias", false);
        config.put("moe_layer_freq", 1);
        config.put("scoring_func", "sigmoid");
        config.put("routed_scaling_factor", 2.5);
        config.put("norm_topk_prob", true);
        config.put("n_group", 4);
        config.put("topk_group", 2);
        config.put("rope_scaling",
                new HashMap<String, Object>(Map.of("type", "yarn", "factor", 40.0, "beta_fast", 32.0, "beta_slow", 1.0,
                        "mscale", 1.0, "mscale_all_dim", 1.0, "original_max_position_embeddings", 4096)));
        return config;
    }
}
