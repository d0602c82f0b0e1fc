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
 * @param keepsGathered whether the memory budget has room for parameters that stay gathered; with {@code parallelism.reshard_after_forward = "never"} they
 *        stay gathered anyway
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Recompute(RecomputePolicy policy, int keptDispatches, boolean keepsConverted,
        boolean keepsGathered) {

    /** A policy that keeps no received rows, and no parameters beside those that are updated. */
    public static Recompute of(RecomputePolicy policy) {
        return new Recompute(policy, 0, false, false);
    }
}
