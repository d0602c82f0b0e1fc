package io.moe4j.autograd.model;

import io.moe4j.api.Stability;

/**
 * Factors of the router's auxiliary losses, in each layer with experts. Like the scale of {@link Model#forwardBackward}, they already have the factor 1 /
 * (tokens of all ranks), so that losses are means over tokens.
 *
 * @param balance of each token's balance term: the sequence-wise balance loss of DeepSeek-V3
 * @param z of each token's z term
 * @see io.moe4j.api.ops.RoutingOps.Losses
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RouterLossFactors(float balance, float z) {
    /** No such losses. */
    public static final RouterLossFactors NONE = new RouterLossFactors(0, 0);

    /** Whether there are none. */
    public boolean isNone() {
        return balance == 0 && z == 0;
    }
}
