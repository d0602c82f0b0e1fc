package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.ops.RoutingOps.GroupValue;
import io.moe4j.api.ops.RoutingOps.Score;
import io.moe4j.layers.feedforward.MixtureOfExperts;
import io.moe4j.layers.huggingface.ConfigReader;
import java.util.List;

/**
 * The keys of the experts; values may be wrong until {@link ConfigReader#refuse} has returned without an exception. The published class of
 * {@code deepseek_v2} scores with a softmax and never normalises weights. The class of {@code deepseek_v3} scores with a sigmoid and selects by
 * {@code noaux_tc}; files written by transformers 5 have neither key. For {@code noaux_tc} the numbers of groups must be given: the published class assumes 8
 * groups, of which 4 are kept, if they are missing, and a wrong assumption would not show in the shape of any weight.
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
        int groups = grouped || keys.has("n_group") ? (int) keys.count("n_group", 1) : 1;
        int kept = grouped || keys.has("topk_group") ? (int) keys.count("topk_group", 1) : 1;
        if (!grouped && !second && kept < groups) {
            keys.reject("topk_method", "noaux_tc, where topk_group is less than n_group,",
                    "the published class of deepseek_v3 keeps groups whatever topk_method says");
        }
        ExpertKeys experts = new ExpertKeys((int) keys.count("n_routed_experts", 1),
                keys.count("moe_intermediate_size", 1),
                (int) keys.count("n_shared_experts", 0, 0), (int) keys.count("num_experts_per_tok", 1),
                grouped ? groups : 1, grouped ? kept : 1, norm,
                keys.number("routed_scaling_factor"), score.equals("sigmoid") ? Score.SIGMOID : Score.SOFTMAX,
                method.equals("group_limited_greedy") ? GroupValue.LARGEST : GroupValue.TOP_TWO);
        experts.check(keys);
        return experts;
    }

    /** Records numbers that do not fit together. Example: of 8 experts in 4 groups of which 1 is kept, a token can have 2. */
    private void check(ConfigReader keys) {
        if (count % groups != 0) {
            keys.reject("n_group", "a divisor of n_routed_experts = " + count, "all groups have the same size");
            return;
        }
        int ofGroup = count / groups;
        if (kept > groups) {
            keys.reject("topk_group", "1 to " + groups, "no more groups can be kept than there are (n_group)");
        } else if (kept < groups && groupValue == GroupValue.TOP_TWO && ofGroup < 2) {
            keys.reject("n_group", "1 to " + count / 2,
                    "a group is valued by its two best experts, and there are n_routed_experts = " + count);
        } else if (topK > kept * ofGroup) {
            keys.reject("num_experts_per_tok", "1 to " + kept * ofGroup,
                    "a token's experts lie in the groups that are kept: topk_group = " + kept + " of " + ofGroup
                            + " experts");
        }
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
}
