package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HuggingFaceConfigTest {

    @Test
    void everyKeyArrives() {
        DeepSeekV3Spec spec = HuggingFaceConfig.spec(config());
        assertEquals(256, spec.vocabulary());
        assertEquals(48, spec.dim());
        assertEquals(3, spec.layers());
        assertEquals(new FeedForward.Dense(80), spec.feedForward(0));
        assertEquals(new FeedForward.MixtureOfExperts(16, 24, 1, new Gate(Score.SIGMOID, 4, 4, 2, true, 2.5f)),
                spec.feedForward(1));
        assertEquals(new AttentionSpec(3, new QueryProjection.LowRank(20), 24, 8, 16, 8, 10000,
                new RotaryScaling.Yarn(40, 4096, 32, 1, 1)), spec.attention());
        assertEquals(1e-5f, spec.normEps());
        assertEquals(16384, spec.maxSequence());
    }

    @Test
    void withoutQueryRankQueriesAreDirect() {
        Map<String, Object> config = config();
        config.put("q_lora_rank", null);
        assertEquals(new QueryProjection.Direct(), HuggingFaceConfig.spec(config).attention().query());
    }

    @Test
    void everythingWrongIsSaidAtOnce() {
        Map<String, Object> config = config();
        config.remove("kv_lora_rank");
        config.put("tie_word_embeddings", true);
        config.put("attention_bias", true);
        config.put("hidden_size", 48.5);
        config.put("quantization_config", Map.of("quant_method", "fp8"));
        Map<String, Object> scaling = new HashMap<>(section(config));
        scaling.put("mscale_all_dim", 0.5);
        scaling.put("type", "linear");
        config.put("rope_scaling", scaling);
        String message = assertThrows(IllegalArgumentException.class, () -> HuggingFaceConfig.spec(config))
                .getMessage();
        for (String part : new String[] {"kv_lora_rank is missing", "tie_word_embeddings = true",
                "attention_bias = true", "hidden_size = 48.5", "quantization_config",
                "rope_scaling.mscale_all_dim = 0.5",
                "rope_scaling.type = linear"}) {
            assertTrue(message.contains(part), message);
        }
        assertEquals(8, message.lines().count(), message);
    }

    @Test
    void groupsValuedOtherwiseAreRefused() {
        Map<String, Object> config = config();
        config.put("topk_method", "group_limited_greedy");
        String message = assertThrows(IllegalArgumentException.class, () -> HuggingFaceConfig.spec(config))
                .getMessage();
        assertTrue(message.contains("topk_method = group_limited_greedy"), message);
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
        config.put("rope_scaling", Map.of("type", "yarn", "factor", 40.0, "beta_fast", 32.0, "beta_slow", 1.0, "mscale",
                1.0, "mscale_all_dim", 1.0, "original_max_position_embeddings", 4096));
        return config;
    }
}
