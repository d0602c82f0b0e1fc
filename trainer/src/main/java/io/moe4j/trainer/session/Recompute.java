package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.autograd.recompute.RecomputePolicy;

/**
 * How the blocks of a rank run.
 *
 * @param policy decides what they keep for backward
 * @param keptDispatches how many dispatches keep their rows at the same time, for which the exchange reserves memory
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Recompute(RecomputePolicy policy, int keptDispatches) {

    /** A policy that keeps no received rows. */
    public static Recompute of(RecomputePolicy policy) {
        return new Recompute(policy, 0);
    }
}
