package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;

/**
 * The plan of one exchange.
 *
 * @param owner what made it
 * @param destinations_N I64, see {@link Destination}
 */
record EpPlan(MinimalAsyncEp owner, Tensor destinations_N, Tensor offsets_e, Tensor tokensPerExpert_E)
        implements DispatchPlan {

    /** A plan is what it is, not what it holds. */
    @Override
    public String toString() {
        return "plan for " + destinations_N.elements() + " rows";
    }
}
