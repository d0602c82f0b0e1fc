package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a Hugging Face {@code config.json} of type {@code deepseek_v3}. Keys that change what the model computes are all looked at; what this
 * implementation does not compute is rejected. Multi-token-prediction layers ({@code num_nextn_predict_layers}) are not part of the model.
 */
final class HuggingFaceConfig {
    private static final String NEVER = "this model computes nothing else";

    private HuggingFaceConfig() {}

    static DeepSeekV3Spec spec(Map<String, Object> config) {
        ConfigReader keys = new ConfigReader(config);
        unsupported(keys);
        long vocabulary = keys.count("vocab_size", 1);
        long dim = keys.count("hidden_size", 1);
        int layers = (int) keys.count("num_hidden_layers", 1);
        int denseLayers = (int) keys.count("first_k_dense_replace", 0);
        long hidden = keys.count("intermediate_size", 1);
        double eps = keys.number("rms_norm_eps");
        long maxSequence = keys.count("max_position_embeddings", 1);
        Keys attention = new Keys(keys.count("num_attention_heads", 1),
                keys.has("q_lora_rank") ? keys.count("q_lora_rank", 1) : 0, keys.count("kv_lora_rank", 1),
                keys.count("qk_nope_head_dim", 1), keys.count("qk_rope_head_dim", 2), keys.count("v_head_dim", 1),
                keys.number("rope_theta"));
        if (keys.has("num_key_value_heads") && keys.count("num_key_value_heads", 1) != attention.heads) {
            keys.reject("num_key_value_heads", attention.heads, "latent attention has as many as num_attention_heads");
        }
        Scaling scaling = scaling(keys);
        Moe moe = denseLayers < layers ? moe(keys) : Moe.NONE;
        refuse(keys.problems());
        return new DeepSeekV3Spec("deepseek_v3", vocabulary, dim, layers, Math.min(denseLayers, layers),
                attention.spec(scaling.value()), new FeedForward.Dense(hidden), moe.spec(), (float) eps, maxSequence,
                "standard");
    }

    private static void unsupported(ConfigReader keys) {
        keys.only("model_type", "deepseek_v3", "choose the model of that type");
        keys.only("hidden_act", "silu", NEVER);
        keys.only("tie_word_embeddings", false, "embedding and head are separate parameters");
        keys.only("attention_bias", false, "projections have no bias");
        keys.onlyIfPresent("attention_dropout", 0, "there is no dropout");
        keys.onlyIfPresent("moe_layer_freq", 1, "every layer after the dense ones has experts");
        keys.onlyIfPresent("rope_interleave", true, "rotation takes adjacent pairs");
        keys.onlyIfPresent("pretraining_tp", 1, NEVER);
        if (keys.has("quantization_config")) {
            keys.reject("quantization_config", "no quantization", "convert the checkpoint to bfloat16 or float32");
        }
    }

    private static Scaling scaling(ConfigReader keys) {
        if (!keys.has("rope_scaling")) {
            return RotaryScaling.None::new;
        }
        ConfigReader yarn = keys.section("rope_scaling");
        String type = yarn.has("type") ? "type" : "rope_type";
        yarn.only(type, "yarn", "use it, or no rope_scaling");
        double factor = yarn.number("factor");
        long length = yarn.count("original_max_position_embeddings", 1);
        double fast = yarn.number("beta_fast");
        double slow = yarn.number("beta_slow");
        double mscale = yarn.number("mscale");
        yarn.only("mscale_all_dim", mscale, "it must equal mscale, so that rotations keep their length");
        return () -> new RotaryScaling.Yarn(factor, length, fast, slow, mscale);
    }

    private static Moe moe(ConfigReader keys) {
        int experts = (int) keys.count("n_routed_experts", 1);
        long hidden = keys.count("moe_intermediate_size", 1);
        int shared = keys.has("n_shared_experts") ? (int) keys.count("n_shared_experts", 0) : 0;
        int topK = (int) keys.count("num_experts_per_tok", 1);
        int groups = (int) keys.count("n_group", 1);
        int kept = (int) keys.count("topk_group", 1);
        boolean norm = keys.flag("norm_topk_prob");
        double scale = keys.number("routed_scaling_factor");
        String score = keys.text("scoring_func");
        if (!List.of("softmax", "sigmoid", "").contains(score)) {
            keys.reject("scoring_func", "softmax or sigmoid", NEVER);
        }
        if (groups > 1) {
            keys.onlyIfPresent("topk_method", "noaux_tc", "a group's value is the sum of its two best experts");
        } else if (keys.has("topk_method") && !"greedy".equals(keys.text("topk_method"))) {
            keys.only("topk_method", "noaux_tc", "or greedy, where there is one group");
        }
        return () -> Optional.of(new FeedForward.MixtureOfExperts(experts, hidden, shared, new Gate(
                score.equals("sigmoid") ? Score.SIGMOID : Score.SOFTMAX, topK, groups, kept, norm, (float) scale)));
    }

    private static void refuse(List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("this config.json cannot be used:\n- " + String.join("\n- ", problems));
        }
    }

    private record Keys(long heads, long queryRank, long latent, long nope, long rope, long value, double theta) {
        AttentionSpec spec(RotaryScaling scaling) {
            QueryProjection query = queryRank == 0 ? new QueryProjection.Direct()
                    : new QueryProjection.LowRank(queryRank);
            return new AttentionSpec(heads, query, latent, nope, rope, value, theta, scaling);
        }
    }

    /** Made only when all keys are in order. */
    @FunctionalInterface
    private interface Scaling {
        RotaryScaling value();
    }

    /** Made only when all keys are in order. */
    @FunctionalInterface
    private interface Moe {
        Moe NONE = Optional::empty;

        Optional<FeedForward.MixtureOfExperts> spec();
    }
}
