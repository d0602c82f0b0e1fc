package io.moe4j.model.deepseek;

import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.huggingface.ConfigReader;
import io.moe4j.layers.huggingface.DecoderKeys;
import io.moe4j.layers.huggingface.RotaryKeys;
import io.moe4j.layers.rotary.RotaryScaling.Yarn;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads a Hugging Face {@code config.json} of type {@code deepseek_v2} or {@code deepseek_v3}. All keys that change what the model computes are read;
 * values that this implementation does not support are rejected. One key is this project's own: {@code latent_norm_eps}, the epsilon of the norms of
 * queries' and keys' latents, which is 1e-6 in the published models, independent of {@code rms_norm_eps}.
 */
final class HuggingFaceConfig {
    static final List<String> TYPES = List.of("deepseek_v2", "deepseek_v3");

    private static final String NEVER = "this model computes nothing else";

    private HuggingFaceConfig() {}

    static DecoderSpec spec(Map<String, Object> config) {
        ConfigReader keys = new ConfigReader(config);
        String type = keys.text("model_type");
        unsupported(keys, type);
        int layers = keys.layers("num_hidden_layers");
        int denseLayers = (int) keys.count("first_k_dense_replace", 0);
        long hidden = denseLayers > 0 ? keys.count("intermediate_size", 1) : 1;
        boolean routed = denseLayers < layers;
        ExpertKeys experts = routed ? ExpertKeys.of(keys, type) : ExpertKeys.NONE;
        AttentionKeys attention = AttentionKeys.of(keys, type);
        DecoderKeys decoder = DecoderKeys.of(keys);
        keys.refuse();
        LatentAttention latent = attention.spec();
        List<BlockSpec> blocks = new ArrayList<>();
        BlockSpec dense = new BlockSpec(latent, new DenseFeedForward(hidden));
        BlockSpec last = routed ? new BlockSpec(latent, experts.spec()) : dense;
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(layer < denseLayers ? dense : last);
        }
        return decoder.spec(type, blocks, Published.BACKEND);
    }

    private static void unsupported(ConfigReader keys, String type) {
        if (!TYPES.contains(type)) {
            keys.reject("model_type", String.join(" or ", TYPES), "choose the model of that type");
        }
        keys.onlyIfPresent("hidden_act", "silu", NEVER);
        keys.onlyIfPresent("attention_bias", false, "projections have no bias");
        keys.onlyIfPresent("mlp_bias", false, "networks have no bias");
        keys.onlyIfPresent("attention_dropout", 0, "there is no dropout");
        keys.onlyIfPresent("moe_layer_freq", 1, "every layer after the dense ones has experts");
        keys.onlyIfPresent("pretraining_tp", 1, NEVER);
        keys.onlyIfPresent("is_causal", true, "no token attends over those after it");
        keys.sameIfPresent("n_routed_experts", type.equals("deepseek_v2") ? "num_experts" : "num_local_experts");
        if (keys.has("quantization_config")) {
            keys.reject("quantization_config", "no quantization", "convert the checkpoint to bfloat16 or float32");
        }
    }

    /** Attention's keys; values may be wrong until {@link ConfigReader#refuse} has returned without an exception. */
    private record AttentionKeys(long heads, long queryRank, long latent, long nope, long rope,
            long value, Rotation rotation, RotaryKeys rotary, double latentEps) {

        static AttentionKeys of(ConfigReader keys, String type) {
            long heads = keys.count("num_attention_heads", 1);
            if (keys.has("num_key_value_heads") && keys.count("num_key_value_heads", 1) != heads) {
                keys.reject("num_key_value_heads", heads, "latent attention has as many as num_attention_heads");
            }
            long nope = keys.count("qk_nope_head_dim", 1);
            long rope = keys.count("qk_rope_head_dim", 2);
            if (keys.has("qk_head_dim") && keys.count("qk_head_dim", 1) != nope + rope) {
                keys.reject("qk_head_dim", nope + rope, "it is qk_nope_head_dim + qk_rope_head_dim");
            }
            boolean pairs = type.equals("deepseek_v2") || keys.flag("rope_interleave", true);
            return new AttentionKeys(heads, keys.count("q_lora_rank", 1, 0), keys.count("kv_lora_rank", 1), nope,
                    rope, keys.count("v_head_dim", 1), pairs ? Rotation.PAIRS : Rotation.HALVES, RotaryKeys.of(keys),
                    keys.positive("latent_norm_eps", Published.LATENT_EPS));
        }

        LatentAttention spec() {
            QueryProjection query = queryRank == 0 ? new QueryProjection.Direct()
                    : new QueryProjection.LowRank(queryRank);
            double temperature = rotary.mscaleAllDim() == 0 ? 1
                    : Yarn.temperature(rotary.factor(), rotary.mscaleAllDim());
            return new LatentAttention(heads, query, latent, nope, value,
                    new RotarySpec(rotation, rope, rotary.theta(), rotary.scaling()), temperature, (float) latentEps);
        }
    }
}
