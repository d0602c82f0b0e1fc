package io.moe4j.model.qwen;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.autograd.model.HuggingFaceForm;
import io.moe4j.layers.attention.GroupedQueryAttention;
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

/** Writes what {@link HuggingFaceConfig} reads. */
final class ConfigValues {
    private final DecoderSpec spec;
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    private ConfigValues(DecoderSpec spec) {
        this.spec = spec;
    }

    /** @throws IllegalArgumentException if the blocks are not those of Qwen3-MoE */
    static HuggingFaceForm of(DecoderSpec spec) {
        return new ConfigValues(spec).form();
    }

    private HuggingFaceForm form() {
        List<FeedForwardSpec> parts = spec.blocks().stream().map(BlockSpec::feedForward).toList();
        List<DenseFeedForward> dense = only(parts, DenseFeedForward.class);
        List<MixtureOfExperts> experts = only(parts, MixtureOfExperts.class);
        List<GroupedQueryAttention> attention = only(spec.blocks().stream().map(BlockSpec::attention).toList(),
                GroupedQueryAttention.class);
        require(dense.size() <= 1 && experts.size() <= 1 && dense.size() + experts.size() == distinct(parts),
                "dense layers of one size, and layers of equal experts");
        require(attention.size() == 1 && distinct(spec.blocks().stream().map(BlockSpec::attention).toList()) == 1
                && attention.getFirst().headNorms()
                && attention.getFirst().rotary().rotation() == Rotation.HALVES,
                "one attention over grouped queries in all layers, with norms of heads, and rotation by halves");
        experts.forEach(this::check);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    spec.name() + ": the class of Qwen3-MoE has " + String.join("; it has ", problems));
        }
        config.put("architectures", List.of("Qwen3MoeForCausalLM"));
        config.put("model_type", "qwen3_moe");
        config.put("vocab_size", spec.vocabulary());
        config.put("hidden_size", spec.dim());
        config.put("num_hidden_layers", spec.blocks().size());
        config.put("hidden_act", "silu");
        config.put("rms_norm_eps", Double.parseDouble(Float.toString(spec.normEps())));
        config.put("max_position_embeddings", spec.maxSequence());
        config.put("tie_word_embeddings", spec.tiedEmbedding());
        put(attention.getFirst());
        config.put("decoder_sparse_step", 1);
        config.put("mlp_only_layers", experts.isEmpty() ? List.of() : denseLayers(parts));
        config.put("num_experts", experts.isEmpty() ? 0 : experts.getFirst().count());
        experts.forEach(this::put);
        // A model without dense layers does not use this key; published files have the hidden size of one expert times the experts of a token.
        config.put("intermediate_size", dense.isEmpty()
                ? experts.getFirst().hidden() * experts.getFirst().gate().topK()
                : dense.getFirst().hidden());
        List<String> remarks = new ArrayList<>();
        if (spec.predictionDepth() > 0) {
            config.put("num_nextn_predict_layers", spec.predictionDepth());
            remarks.add("the folder has " + spec.predictionDepth()
                    + " of DeepSeek-V3's modules for multi-token prediction,"
                    + " which the published class qwen3_moe does not have; what it computes does not need them");
        }
        return new HuggingFaceForm(config, false, remarks);
    }

    private void put(GroupedQueryAttention attention) {
        config.put("num_attention_heads", attention.heads());
        config.put("num_key_value_heads", attention.keyHeads());
        config.put("head_dim", attention.headDim());
        config.put("attention_bias", false);
        config.put("attention_dropout", 0.0);
        config.put("use_sliding_window", false);
        config.put("sliding_window", null);
        RotaryValues.put(config, attention.rotary(), 1);
    }

    private void put(MixtureOfExperts experts) {
        config.put("num_experts_per_tok", experts.gate().topK());
        config.put("moe_intermediate_size", experts.hidden());
        config.put("norm_topk_prob", experts.gate().normalise());
    }

    private void check(MixtureOfExperts experts) {
        Gate gate = experts.gate();
        require(experts.shared() == 0, "no shared experts");
        require(gate.score() == Score.SOFTMAX && gate.keptGroups() == gate.groups() && gate.scale() == 1,
                "softmax scores without groups or scale");
    }

    private void require(boolean holds, String rule) {
        if (!holds) {
            problems.add(rule);
        }
    }

    private static List<Integer> denseLayers(List<FeedForwardSpec> parts) {
        List<Integer> layers = new ArrayList<>();
        for (int layer = 0; layer < parts.size(); layer++) {
            if (parts.get(layer) instanceof DenseFeedForward) {
                layers.add(layer);
            }
        }
        return layers;
    }

    private static <T> List<T> only(List<?> parts, Class<T> type) {
        return parts.stream().distinct().filter(type::isInstance).map(type::cast).toList();
    }

    private static long distinct(List<?> parts) {
        return parts.stream().distinct().count();
    }
}
