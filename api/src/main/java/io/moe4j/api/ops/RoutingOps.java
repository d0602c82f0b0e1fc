package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * The gate of a mixture of experts (DeepSeek-V2, 2024; DeepSeek-V3, 2024). All floating-point tensors are F32.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface RoutingOps {

    /** How logits become scores. */
    enum Score {
        SOFTMAX, SIGMOID
    }

    /** How the value of a group of experts is computed when groups are limited. Since version 1.3 of the device SPI. */
    enum GroupValue {
        /** The sum of the two largest (score + bias) of the group, as in DeepSeek-V3; with one expert in a group, that expert's. */
        TOP_TWO,
        /** The largest (score + bias) of the group, as in DeepSeek-V2. */
        LARGEST
    }

    /**
     * How experts are selected and weighted. Groups are limited if {@code keptGroups < groups}: then only experts of the {@code keptGroups} groups with the
     * highest values can be selected, ties to the lower index.
     *
     * @param score softmax or sigmoid
     * @param topK K
     * @param groups number of expert groups, at least 1; divides E
     * @param keptGroups number of groups whose experts can be selected, 1 to {@code groups}
     * @param normalise whether the K weights are divided by their sum (plus 1e-20)
     * @param scale factor of the weights
     * @param groupValue how a group's value is computed; since version 1.3 of the device SPI; before, it was always {@link GroupValue#TOP_TWO}
     */
    record Gate(Score score, int topK, int groups, int keptGroups, boolean normalise, float scale,
            GroupValue groupValue) {

        /** A gate without groups, whose weights are the scores. */
        public static Gate of(Score score, int topK) {
            return new Gate(score, topK, 1, 1, false, 1, GroupValue.TOP_TWO);
        }

        /** With groups of experts, of which some are kept. */
        public Gate withGroups(int number, int kept, GroupValue value) {
            return new Gate(score, topK, number, kept, normalise, scale, value);
        }

        /** With weights that are divided by their sum, or not, and then scaled. */
        public Gate withWeights(boolean normalised, float factor) {
            return new Gate(score, topK, groups, keptGroups, normalised, factor, groupValue);
        }

        /** A gate whose groups have the sum of their two best experts as value. */
        public Gate(Score score, int topK, int groups, int keptGroups, boolean normalise, float scale) {
            this(score, topK, groups, keptGroups, normalise, scale, GroupValue.TOP_TWO);
        }
    }

    /** scores = softmax or sigmoid of logits, row by row. */
    void scores(Stream stream, Gate gate, Tensor logits_TE, Tensor scores_TE);

    /**
     * ids[t] = the top K experts by score + bias, best first, ties to the lower index, within the kept groups. I32 (T, K). A sum that is NaN counts as
     * infinite, so that it reaches the weights and the loss, where it is noticed.
     */
    void select(Stream stream, Gate gate, Tensor scores_TE, Tensor bias_E, Tensor ids_TK);

    /** ids[t, k] = (t·K + k) mod E: forced balance, for benchmarks. */
    void selectRoundRobin(Stream stream, Gate gate, int experts, Tensor ids_TK);

    /** weights[t, k] = scale · scores[t, ids[t, k]], divided by the sum over k before scaling if normalised. */
    void weights(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor weights_TK);

    /** The gradient with respect to the logits from the gradient with respect to the weights; dlogits is overwritten. */
    void backward(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor dweights_TK, Tensor dlogits_TE);

    /**
     * bias += δ - mean(δ), δ = coefficient · sign(mean(counts) - counts): balance without an auxiliary loss (Wang et al., 2024).
     *
     * @param counts_E I32
     */
    void updateBias(Stream stream, Tensor counts_E, Tensor bias_E, float coefficient);

    /**
     * totals += counts, so that a step's counts are those of all its microbatches. Since SPI 1.3.
     *
     * @param counts_E I32
     * @param totals_E I32, with as many elements
     */
    default void addCounts(Stream stream, Tensor counts_E, Tensor totals_E) {
        throw new UnsupportedOperationException(
                "this device was built against a device SPI before 1.3 and cannot add counts; set"
                        + " training.gradient_accumulation_steps to 1, or use a newer build of the device");
    }

    /**
     * Losses of the routing of T tokens in B sequences of S. With p_te the scores of a token, divided by their sum (plus 1e-20), and
     * f_be = E / (K·S) · counts_be, the balance term of a token is Σ_e f_be·p_te (DeepSeek-V3, 2024, equations 17 to 20: the mean over a sequence's tokens
     * is its balance loss without factor; 1 if the load is even); its z term is log(Σ_e exp(logit_te))² (Zoph et al., "ST-MoE", 2022).
     *
     * @param score softmax or sigmoid
     * @param topK K
     * @param sequence S
     * @since 0.3.0
     */
    record Losses(Score score, int topK, long sequence) {

        /** Losses of a gate with this score, which selects topK experts for each token of sequences of this length. */
        public static Losses of(Score score, int topK, long sequence) {
            return new Losses(score, topK, sequence);
        }
    }

    /**
     * counts[b, e] = how often sequence b's tokens have selected expert e. Since SPI 1.4.
     *
     * @param ids_TK I32
     * @param counts_BE I32, overwritten; B divides T
     * @since 0.3.0
     */
    default void countBySequence(Stream stream, Tensor ids_TK, Tensor counts_BE) {
        throw withoutLosses();
    }

    /**
     * sums[0] += the sum of all tokens' balance terms; sums[1] += the sum of their z terms. The order of the sums is fixed. Since SPI 1.4.
     *
     * @param counts_BE I32
     * @param terms_2T F32, overwritten: all balance terms, then all z terms
     * @param sums_2 F32
     * @since 0.3.0
     */
    default void losses(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, Tensor terms_2T,
            Tensor sums_2) {
        throw withoutLosses();
    }

    /**
     * dlogits = balance · (gradient of the token's balance term, where counts are constants) + z · (gradient of its z term). Since SPI 1.4.
     *
     * @param balance factor of the balance terms
     * @param z factor of the z terms
     * @param dlogits_TE overwritten
     * @since 0.3.0
     */
    default void lossesBackward(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, float balance,
            float z, Tensor dlogits_TE) {
        throw withoutLosses();
    }

    private static UnsupportedOperationException withoutLosses() {
        return new UnsupportedOperationException("this device was built against a device SPI before 1.4 and has no"
                + " losses of routing; set moe.sequence_balance_coeff and moe.router_z_coeff to 0, or use a newer build"
                + " of the device");
    }
}
