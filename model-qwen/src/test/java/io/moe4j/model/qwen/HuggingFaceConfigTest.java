package io.moe4j.model.qwen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.rotary.RotaryScaling;
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

    @Test
    void everyKeyArrives() {
        DecoderSpec spec = HuggingFaceConfig.spec(config());
        assertEquals(256, spec.vocabulary());
        assertEquals(48, spec.dim());
        assertEquals(List.of(0, 1, 2), spec.expertBlocks());
        assertEquals(new GroupedQueryAttention(4, 2, true,
                new RotarySpec(Rotation.HALVES, 20, 1e6, new RotaryScaling.None())), attention(spec));
        assertEquals(new MixtureOfExperts(8, 24, 0, new Gate(Score.SOFTMAX, 3, 1, 1, true, 1)),
                spec.blocks().getFirst().feedForward());
        assertEquals(1e-6f, spec.normEps());
        assertEquals(32768, spec.maxSequence());
        assertEquals("1.3", spec.deviceSpi());
    }

    @Test
    void whatTransformersFourWritesIsTheSame() {
        Map<String, Object> config = config();
        config.remove("rope_parameters");
        config.put("rope_theta", 1e6);
        config.put("rope_scaling", null);
        config.put("num_experts", config.remove("num_local_experts"));
        assertEquals(HuggingFaceConfig.spec(config()), HuggingFaceConfig.spec(config));
    }

    /** Of layers 0 to 2, every second is 1; without the dense ones that are named, layers 0 and 2 stay. */
    @Test
    void layersAreDenseWhereTheKeysSaySo() {
        Map<String, Object> config = config();
        config.put("decoder_sparse_step", 2);
        assertEquals(List.of(1), HuggingFaceConfig.spec(config).expertBlocks());
        assertEquals(new DenseFeedForward(80), HuggingFaceConfig.spec(config).blocks().getLast().feedForward());
        config.put("decoder_sparse_step", 1);
        config.put("mlp_only_layers", List.of(1, 7));
        assertEquals(List.of(0, 2), HuggingFaceConfig.spec(config).expertBlocks());
        config.put("num_local_experts", 0);
        assertTrue(HuggingFaceConfig.spec(config).moe().isEmpty());
    }

    @Test
    void withoutAHeadDimHeadsShareTheModels() {
        Map<String, Object> config = config();
        config.remove("head_dim");
        assertEquals(12, attention(HuggingFaceConfig.spec(config)).headDim());
    }

    /** Published long-context variants: YaRN by a factor of 4, whose attention factor is 0.1 ln 4 + 1. */
    @Test
    void scalingsAreRead() {
        Map<String, Object> config = config();
        config.put("rope_parameters", Map.of("rope_type", "yarn", "rope_theta", 1e6, "factor", 4.0,
                "original_max_position_embeddings", 32768));
        assertEquals(new Yarn(4, 32768, 32, 1, true, 0.1 * Math.log(4) + 1),
                attention(HuggingFaceConfig.spec(config)).rotary().scaling());
        config.put("rope_parameters", Map.of("rope_type", "linear", "rope_theta", 1e6, "factor", 2.0));
        assertEquals(new RotaryScaling.Linear(2), attention(HuggingFaceConfig.spec(config)).rotary().scaling());
        config.put("rope_parameters", Map.of("rope_type", "llama3", "rope_theta", 1e6, "factor", 8.0,
                "low_freq_factor", 1.0, "high_freq_factor", 4.0, "original_max_position_embeddings", 8192));
        assertEquals(new RotaryScaling.Llama3(8, 8192, 1, 4),
                attention(HuggingFaceConfig.spec(config)).rotary().scaling());
        config.put("rope_parameters", Map.of("rope_type", "dynamic", "rope_theta", 1e6, "factor", 2.0));
        assertTrue(refusal(config).contains("rope_parameters.rope_type = dynamic"), refusal(config));
        config.put("rope_theta", 1e6);
        config.put("rope_parameters", Map.of("full_attention", Map.of("rope_type", "yarn", "factor", 2.0)));
        assertTrue(refusal(config).contains("only one embedding is supported"), refusal(config));
    }

    @ParameterizedTest
    @CsvSource({"attention_bias, true", "use_sliding_window, true", "attention_dropout, 0.1", "hidden_act, gelu",
            "num_key_value_heads, 3", "head_dim, 15", "num_experts_per_tok, 9", "model_type, qwen2_moe",
            "partial_rotary_factor, 0.5", "mlp_only_layers, all", "decoder_sparse_step, 0", "rms_norm_eps, -1",
            "is_causal, false", "num_experts, 7"})
    void whatIsNotComputedIsRefused(String key, String text) {
        Map<String, Object> config = config();
        Object value = text.matches("-?[0-9]+") ? Integer.valueOf(text)
                : text.matches("[0-9.]+") ? Double.valueOf(text)
                        : text.matches("true|false") ? (Object) Boolean.valueOf(text) : text;
        config.put(key, value);
        assertTrue(refusal(config).contains(key + " = " + value), refusal(config));
    }

    @Test
    void flavorsAreThePublishedModels() {
        Map<String, Object> config = config();
        config.putAll(Map.of("vocab_size", 151936, "hidden_size", 2048, "num_hidden_layers", 48, "num_attention_heads",
                32, "num_key_value_heads", 4, "head_dim", 128, "intermediate_size", 6144));
        config.putAll(Map.of("moe_intermediate_size", 768, "num_local_experts", 128, "num_experts_per_tok", 8,
                "norm_topk_prob", true, "max_position_embeddings", 40960));
        DecoderSpec published = HuggingFaceConfig.spec(config);
        DecoderSpec ours = Flavors.of("30B-A3B");
        assertEquals(published.blocks(), ours.blocks());
        assertEquals(List.of(published.vocabulary(), published.dim(), published.normEps(), published.maxSequence()),
                List.of(ours.vocabulary(), ours.dim(), ours.normEps(), ours.maxSequence()));
        // The published sizes: 30.5 billion parameters, of which a token uses 3.3.
        assertEquals(30_532_122_624L, ours.figures(4096).parameters());
        assertEquals(3_353_032_704L, ours.figures(4096).activeParameters());
    }

    private static String refusal(Map<String, Object> config) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> HuggingFaceConfig.spec(config))
                .getMessage());
    }

    private static GroupedQueryAttention attention(DecoderSpec spec) {
        return (GroupedQueryAttention) spec.blocks().getFirst().attention();
    }

    /** As transformers 5 writes it. */
    static Map<String, Object> config() {
        Map<String, Object> config = new HashMap<>(Map.of("model_type", "qwen3_moe", "vocab_size", 256, "hidden_size",
                48, "num_hidden_layers", 3, "num_attention_heads", 4, "num_key_value_heads", 2, "head_dim", 20,
                "intermediate_size", 80, "moe_intermediate_size", 24, "num_local_experts", 8));
        config.putAll(Map.of("num_experts_per_tok", 3, "norm_topk_prob", true, "decoder_sparse_step", 1,
                "mlp_only_layers", List.of(), "rms_norm_eps", 1e-6, "max_position_embeddings", 32768, "rope_parameters",
                Map.of("rope_type", "default", "rope_theta", 1e6), "hidden_act", "silu", "attention_bias", false));
        config.putAll(Map.of("attention_dropout", 0.0, "use_sliding_window", false, "tie_word_embeddings", false));
        return config;
    }
}
