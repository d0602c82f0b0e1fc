package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.autograd.recompute.RecomputePolicy;

/**
 * How the blocks of a rank run, and what it keeps for them.
 *
 * @param policy decides what they keep for backward
 * @param keptDispatches how many dispatches keep their rows at the same time, for which the exchange reserves memory
 * @param keepsConverted whether the memory budget has room for parameters in the compute type; with {@code training.keep_converted = "on"} they are kept
 *        anyway
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Recompute(RecomputePolicy policy, int keptDispatches, boolean keepsConverted) {

    /** A policy that keeps no received rows, and no parameters in the compute type. */
    public static Recompute of(RecomputePolicy policy) {
        return new Recompute(policy, 0, false);
    }
}
