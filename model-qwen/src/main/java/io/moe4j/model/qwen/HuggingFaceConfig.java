package io.moe4j.model.qwen;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.attention.GroupedQueryAttention;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.huggingface.ConfigReader;
import io.moe4j.layers.huggingface.DecoderKeys;
import io.moe4j.layers.huggingface.RotaryKeys;
import io.moe4j.layers.rotary.RotarySpec;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Reads a Hugging Face {@code config.json} of type {@code qwen3_moe}. All keys that change what the model computes are read; values that this
 * implementation does not support are rejected. The router's auxiliary loss is not part of the model.
 */
final class HuggingFaceConfig {
    private static final String NEVER = "this model computes nothing else";

    private HuggingFaceConfig() {}

    static DecoderSpec spec(Map<String, Object> config) {
        ConfigReader keys = new ConfigReader(config);
        unsupported(keys);
        int layers = keys.layers("num_hidden_layers");
        BitSet routedLayers = routed(keys, layers);
        Attention attention = Attention.of(keys);
        Experts experts = routedLayers.isEmpty() ? Experts.NONE : Experts.of(keys);
        long hidden = routedLayers.cardinality() == layers ? 1 : keys.count("intermediate_size", 1);
        DecoderKeys decoder = DecoderKeys.of(keys);
        keys.refuse();
        GroupedQueryAttention queries = attention.spec();
        BlockSpec dense = new BlockSpec(queries, new DenseFeedForward(hidden));
        BlockSpec routed = routedLayers.isEmpty() ? dense : new BlockSpec(queries, experts.spec());
        List<BlockSpec> blocks = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            blocks.add(routedLayers.get(layer) ? routed : dense);
        }
        return decoder.spec("qwen3_moe", blocks, Flavors.BACKEND);
    }

    /** Which layers have experts: every {@code decoder_sparse_step}-th layer, except those that {@code mlp_only_layers} names. */
    private static BitSet routed(ConfigReader keys, int layers) {
        long step = keys.count("decoder_sparse_step", 1, 1);
        BitSet routed = new BitSet();
        if (expertCount(keys) > 0) {
            IntStream.range(0, layers).filter(layer -> (layer + 1) % step == 0).forEach(routed::set);
        }
        keys.counts("mlp_only_layers").forEach(routed::clear);
        return routed;
    }

    /** The number of experts: transformers 5 writes {@code num_local_experts}, earlier versions {@code num_experts}. */
    private static int expertCount(ConfigReader keys) {
        return (int) keys.count(keys.has("num_local_experts") ? "num_local_experts" : "num_experts", 0);
    }

    private static void unsupported(ConfigReader keys) {
        keys.only("model_type", "qwen3_moe", "choose the model of that type");
        keys.onlyIfPresent("hidden_act", "silu", NEVER);
        keys.onlyIfPresent("attention_bias", false, "projections have no bias");
        keys.onlyIfPresent("attention_dropout", 0, "there is no dropout");
        keys.onlyIfPresent("use_sliding_window", false, "every token attends over all before it");
        keys.onlyIfPresent("is_causal", true, "no token attends over those after it");
        keys.sameIfPresent("num_local_experts", "num_experts");
        if (keys.has("quantization_config")) {
            keys.reject("quantization_config", "no quantization", "convert the checkpoint to bfloat16 or float32");
        }
    }

    /** Attention's keys; values may be wrong until {@link ConfigReader#refuse} has returned without an exception. */
    private record Attention(long heads, long keyHeads, long headDim, RotaryKeys rotary) {

        static Attention of(ConfigReader keys) {
            long heads = keys.count("num_attention_heads", 1);
            long keyHeads = keys.count("num_key_value_heads", 1, heads);
            if (heads % keyHeads != 0) {
                keys.reject("num_key_value_heads", "a divisor of num_attention_heads = " + heads,
                        "groups of queries have one size");
            }
            long headDim = keys.count("head_dim", 2, Math.max(2, keys.count("hidden_size", 1) / heads));
            if (headDim % 2 != 0) {
                keys.reject("head_dim", "an even number", "rotation takes two elements at a time");
            }
            return new Attention(heads, keyHeads, headDim, RotaryKeys.of(keys));
        }

        GroupedQueryAttention spec() {
            return new GroupedQueryAttention(heads, keyHeads, true,
                    new RotarySpec(Rotation.HALVES, headDim, rotary.theta(), rotary.scaling()));
        }
    }

    /** The experts' keys; values may be wrong until {@link ConfigReader#refuse} has returned without an exception. */
    private record Experts(int count, long hidden, int topK, boolean normalise) {
        /** The keys of a model without experts. */
        static final Experts NONE = new Experts(1, 1, 1, false);

        static Experts of(ConfigReader keys) {
            int count = expertCount(keys);
            int topK = (int) keys.count("num_experts_per_tok", 1);
            if (topK > count) {
                keys.reject("num_experts_per_tok", "1 to " + count, "a token cannot have more experts than there are");
            }
            return new Experts(count, keys.count("moe_intermediate_size", 1), topK, keys.flag("norm_topk_prob", false));
        }

        MixtureOfExperts spec() {
            return new MixtureOfExperts(count, hidden, 0, new Gate(Score.SOFTMAX, topK, 1, 1, normalise, 1));
        }
    }
}
