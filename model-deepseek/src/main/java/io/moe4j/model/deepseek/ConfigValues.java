package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.layers.attention.LatentAttention;
import io.moe4j.layers.attention.QueryProjection;
import io.moe4j.layers.block.FeedForwardSpec;
import io.moe4j.layers.decoder.BlockSpec;
import io.moe4j.layers.decoder.DecoderSpec;
import io.moe4j.layers.feedforward.DenseFeedForward;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.huggingface.RotaryValues;
import io.moe4j.layers.rotary.Rotation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes what {@link HuggingFaceConfig} reads. Softmax scores without normalised weights are {@code deepseek_v2}, and everything else is
 * {@code deepseek_v3}.
 */
final class ConfigValues {
    private static final String SECOND = "deepseek_v2";

    private final DecoderSpec spec;
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();

    private ConfigValues(DecoderSpec spec) {
        this.spec = spec;
    }

    /** @throws IllegalArgumentException if the blocks are not those of DeepSeek */
    static HuggingFaceForm of(DecoderSpec spec) {
        return new ConfigValues(spec).form();
    }

    private HuggingFaceForm form() {
        int dense = denseLayers();
        LatentAttention attention = attention();
        Optional<MixtureOfExperts> experts = spec.blocks().stream().map(BlockSpec::feedForward).distinct()
                .flatMap(each -> each instanceof MixtureOfExperts found ? Optional.of(found).stream()
                        : Optional.<MixtureOfExperts>empty().stream())
                .findFirst();
        boolean pairs = attention.rotary().rotation() == Rotation.PAIRS;
        boolean second = pairs && experts.map(MixtureOfExperts::gate).filter(ConfigValues::isSecond).isPresent();
        config.put("architectures", List.of(second ? "DeepseekV2ForCausalLM" : "DeepseekV3ForCausalLM"));
        config.put("model_type", second ? SECOND : "deepseek_v3");
        config.put("vocab_size", spec.vocabulary());
        config.put("hidden_size", spec.dim());
        config.put("num_hidden_layers", spec.blocks().size());
        config.put("first_k_dense_replace", dense);
        config.put("intermediate_size", spec.blocks().getFirst().feedForward() instanceof DenseFeedForward first
                ? first.hidden()
                : experts.map(each -> each.hidden() * each.gate().topK()).orElse(1L));
        config.put("hidden_act", "silu");
        config.put("rms_norm_eps", decimal(spec.normEps()));
        config.put("max_position_embeddings", spec.maxSequence());
        config.put("tie_word_embeddings", spec.tiedEmbedding());
        config.put("num_nextn_predict_layers", spec.predictionDepth());
        put(attention);
        if (!second) {
            config.put("rope_interleave", pairs);
        }
        experts.ifPresent(each -> put(each, second));
        return new HuggingFaceForm(config, !second && experts.isPresent(), remarks);
    }

    private void put(LatentAttention attention) {
        config.put("num_attention_heads", attention.heads());
        config.put("num_key_value_heads", attention.heads());
        config.put("q_lora_rank", attention.query() instanceof QueryProjection.LowRank(long rank) ? rank : null);
        config.put("kv_lora_rank", attention.latent());
        config.put("qk_nope_head_dim", attention.nope());
        config.put("qk_rope_head_dim", attention.rotary().dim());
        config.put("v_head_dim", attention.value());
        config.put("attention_bias", false);
        config.put("attention_dropout", 0.0);
        RotaryValues.put(config, attention.rotary(), attention.temperature());
        if (attention.latentEps() != Published.LATENT_EPS) {
            config.put("latent_norm_eps", decimal(attention.latentEps()));
            remarks.add("the norms of the latents have the epsilon " + attention.latentEps()
                    + ", and published classes use 1e-6 whatever latent_norm_eps says");
        }
    }

    private void put(MixtureOfExperts experts, boolean second) {
        Gate gate = experts.gate();
        boolean grouped = gate.keptGroups() < gate.groups();
        config.put("n_routed_experts", experts.count());
        config.put("moe_intermediate_size", experts.hidden());
        config.put("n_shared_experts", experts.shared());
        config.put("num_experts_per_tok", gate.topK());
        config.put("n_group", gate.groups());
        config.put("topk_group", gate.keptGroups());
        config.put("norm_topk_prob", gate.normalise());
        config.put("routed_scaling_factor", decimal(gate.scale()));
        config.put("scoring_func", gate.score() == Score.SOFTMAX ? "softmax" : "sigmoid");
        boolean largest = grouped && gate.groupValue() == GroupValue.LARGEST;
        config.put("topk_method", largest ? "group_limited_greedy" : second ? "greedy" : "noaux_tc");
        config.put("moe_layer_freq", 1);
        if (largest && gate.score() == Score.SIGMOID) {
            throw new IllegalArgumentException(spec.name()
                    + ": groups are valued by their largest sigmoid score, which no published class computes");
        }
        if (!second && gate.score() == Score.SOFTMAX) {
            remarks.add("experts have softmax scores "
                    + (gate.normalise() ? "with normalised weights" : "in groups that"
                            + " are valued by two experts")
                    + ", and the published class deepseek_v3 uses a sigmoid whatever"
                    + " scoring_func says");
        }
    }

    private static boolean isSecond(Gate gate) {
        boolean grouped = gate.keptGroups() < gate.groups();
        return gate.score() == Score.SOFTMAX && !gate.normalise()
                && (!grouped || gate.groupValue() == GroupValue.LARGEST);
    }

    /** The number of dense layers: these must be equal and come first, followed by equal layers with experts. */
    private int denseLayers() {
        List<FeedForwardSpec> parts = spec.blocks().stream().map(BlockSpec::feedForward).toList();
        int dense = (int) parts.stream().takeWhile(DenseFeedForward.class::isInstance).count();
        boolean alike = parts.subList(0, dense).stream().distinct().count() <= 1
                && parts.subList(dense, parts.size()).stream().allMatch(MixtureOfExperts.class::isInstance)
                && parts.subList(dense, parts.size()).stream().distinct().count() <= 1;
        if (!alike) {
            throw new IllegalArgumentException(spec.name()
                    + ": DeepSeek's classes have dense layers of one size, and after them layers of equal experts");
        }
        return dense;
    }

    private LatentAttention attention() {
        List<LatentAttention> all = spec.blocks().stream().map(BlockSpec::attention).distinct()
                .map(each -> each instanceof LatentAttention latent ? latent : null).toList();
        if (all.size() != 1 || all.getFirst() == null) {
            throw new IllegalArgumentException(
                    spec.name() + ": DeepSeek's classes have one latent attention in all layers");
        }
        return all.getFirst();
    }

    /** The shortest decimal of a float: 1e-6, not 9.99999997475e-7. */
    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }
}
