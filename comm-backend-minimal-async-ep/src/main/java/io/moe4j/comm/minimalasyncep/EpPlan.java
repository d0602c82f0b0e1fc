package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;

/**
 * The plan of one exchange.
 *
 * @param owner the backend that made the plan
 * @param destinations_N I64: where each routed row goes, see {@link Destination}
 */
record EpPlan(MinimalAsyncEp owner, Tensor destinations_N, Tensor offsets_e, Tensor tokensPerExpert_E)
        implements DispatchPlan {

    /** Names the plan without printing its tensors. */
    @Override
    public String toString() {
        return "plan for " + destinations_N.elements() + " rows";
    }
}
