package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The flavors are the published models to the last constant: the values below are those of the {@code config.json} of DeepSeek-V2-Lite, DeepSeek-V2 and
 * DeepSeek-V3, under their keys.
 */
class FlavorsTest {

    @Test
    void a16bModelIsDeepSeekV2Lite() {
        Map<String, Object> config = common("deepseek_v2");
        config.putAll(Map.of("hidden_size", 2048, "num_hidden_layers", 27, "num_attention_heads", 16,
                "num_key_value_heads", 16, "intermediate_size", 10944, "moe_intermediate_size", 1408,
                "n_routed_experts", 64));
        config.putAll(Map.of("num_experts_per_tok", 6, "n_shared_experts", 2, "first_k_dense_replace", 1, "vocab_size",
                102400, "topk_method", "greedy", "n_group", 1, "topk_group", 1, "scoring_func", "softmax",
                "norm_topk_prob", false, "routed_scaling_factor", 1.0));
        config.put("q_lora_rank", null);
        config.put("rope_scaling", yarn(0.707));
        assertPublished("16B", config);
    }

    @Test
    void a236bModelIsDeepSeekV2() {
        Map<String, Object> config = common("deepseek_v2");
        config.putAll(Map.of("hidden_size", 5120, "num_hidden_layers", 60, "num_attention_heads", 128,
                "num_key_value_heads", 128, "intermediate_size", 12288, "moe_intermediate_size", 1536,
                "n_routed_experts", 160));
        config.putAll(Map.of("num_experts_per_tok", 6, "n_shared_experts", 2, "first_k_dense_replace", 1, "vocab_size",
                102400, "topk_method", "group_limited_greedy", "n_group", 8, "topk_group", 3, "scoring_func",
                "softmax", "norm_topk_prob", false, "routed_scaling_factor", 16.0));
        config.put("q_lora_rank", 1536);
        config.put("rope_scaling", yarn(0.707));
        assertPublished("236B", config);
    }

    @Test
    void a671bModelIsDeepSeekV3() {
        Map<String, Object> config = common("deepseek_v3");
        config.putAll(Map.of("hidden_size", 7168, "num_hidden_layers", 61, "num_attention_heads", 128,
                "num_key_value_heads", 128, "intermediate_size", 18432, "moe_intermediate_size", 2048,
                "n_routed_experts", 256));
        config.putAll(Map.of("num_experts_per_tok", 8, "n_shared_experts", 1, "first_k_dense_replace", 3, "vocab_size",
                129280, "topk_method", "noaux_tc", "n_group", 8, "topk_group", 4, "scoring_func", "sigmoid",
                "norm_topk_prob", true, "routed_scaling_factor", 2.5));
        config.put("q_lora_rank", 1536);
        config.put("rope_scaling", yarn(1));
        assertPublished("671B", config);
    }

    private static void assertPublished(String flavor, Map<String, Object> config) {
        var published = HuggingFaceConfig.spec(config);
        var ours = Flavors.of(flavor);
        assertEquals(published.blocks(), ours.blocks());
        assertEquals(published.vocabulary(), ours.vocabulary());
        assertEquals(published.dim(), ours.dim());
        assertEquals(published.normEps(), ours.normEps());
        assertEquals(published.maxSequence(), ours.maxSequence());
        assertEquals(published.tiedEmbedding(), ours.tiedEmbedding());
    }

    private static Map<String, Object> common(String type) {
        Map<String, Object> config = new HashMap<>(Map.of("model_type", type, "kv_lora_rank", 512, "qk_nope_head_dim",
                128, "qk_rope_head_dim", 64, "v_head_dim", 128, "rms_norm_eps", 1e-6, "rope_theta", 10000));
        config.putAll(Map.of("max_position_embeddings", 163840, "hidden_act", "silu", "tie_word_embeddings", false,
                "attention_bias", false, "moe_layer_freq", 1));
        return config;
    }

    private static Map<String, Object> yarn(double mscale) {
        return Map.of("type", "yarn", "factor", 40, "beta_fast", 32, "beta_slow", 1, "mscale", mscale,
                "mscale_all_dim", mscale, "original_max_position_embeddings", 4096);
    }
}
