package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.huggingface.ConfigReader;
import java.util.List;

/**
 * The keys of the experts, which may be invalid until the reader has refused problems. The published class of {@code deepseek_v2} scores with a
 * softmax and never normalises weights. The class of {@code deepseek_v3} scores with a sigmoid and selects by {@code noaux_tc}; files that
 * transformers 5 wrote have neither key.
 */
record ExpertKeys(int count, long hidden, int shared, int topK, int groups, int kept, boolean norm, double scale,
        Score score, GroupValue groupValue) {

    /** The keys of a model without experts. */
    static final ExpertKeys NONE = new ExpertKeys(1, 1, 0, 1, 1, 1, false, 1, Score.SOFTMAX, GroupValue.TOP_TWO);

    private static final List<String> METHODS = List.of("greedy", "group_limited_greedy", "noaux_tc");

    static ExpertKeys of(ConfigReader keys, String type) {
        boolean second = type.equals("deepseek_v2");
        String score = keys.text("scoring_func", second ? "softmax" : "sigmoid");
        if (second) {
            keys.onlyIfPresent("scoring_func", "softmax", "deepseek_v2 scores with a softmax");
        } else if (!score.equals("softmax") && !score.equals("sigmoid")) {
            keys.reject("scoring_func", "softmax or sigmoid", "this model computes nothing else");
        }
        boolean norm = second ? keys.flag("norm_topk_prob", false) : keys.flag("norm_topk_prob");
        if (second) {
            keys.onlyIfPresent("norm_topk_prob", false,
                    "published implementations of deepseek_v2 disagree on what it does");
        }
        String method = method(keys, second ? "greedy" : "noaux_tc", score);
        if (second && method.equals("noaux_tc")) {
            keys.reject("topk_method", "greedy or group_limited_greedy", "deepseek_v2 has no other");
        }
        boolean grouped = !method.equals("greedy");
        return new ExpertKeys((int) keys.count("n_routed_experts", 1), keys.count("moe_intermediate_size", 1),
                (int) keys.count("n_shared_experts", 0, 0), (int) keys.count("num_experts_per_tok", 1),
                grouped ? groups(keys, "n_group", method) : 1, grouped ? groups(keys, "topk_group", method) : 1, norm,
                keys.number("routed_scaling_factor"), score.equals("sigmoid") ? Score.SIGMOID : Score.SOFTMAX,
                method.equals("group_limited_greedy") ? GroupValue.LARGEST : GroupValue.TOP_TWO);
    }

    MixtureOfExperts spec() {
        return new MixtureOfExperts(count, hidden, shared,
                new Gate(score, topK, groups, kept, norm, (float) scale, groupValue));
    }

    private static String method(ConfigReader keys, String otherwise, String score) {
        String method = keys.text("topk_method", otherwise);
        if (!METHODS.contains(method)) {
            keys.reject("topk_method", String.join(", ", METHODS), "this model selects in no other way");
        } else if (method.equals("group_limited_greedy") && score.equals("sigmoid")) {
            keys.reject("topk_method", "noaux_tc, for sigmoid scores,",
                    "no published model values groups by their largest sigmoid score");
        }
        return method;
    }

    /** The number of groups: required where the method needs it; {@code noaux_tc} without it has one group. */
    private static int groups(ConfigReader keys, String key, String method) {
        return (int) (method.equals("noaux_tc") ? keys.count(key, 1, 1) : keys.count(key, 1));
    }
}
