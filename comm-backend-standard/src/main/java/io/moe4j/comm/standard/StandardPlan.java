package io.moe4j.comm.standard;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;

/**
 * The plan of one exchange.
 *
 * @param owner the backend that made the plan
 * @param routes the counts and offsets that the host knows
 * @param places_N I64: index of each routed row among the rows that this rank sends; -1 if dropped
 * @param arrivals_S I64, see {@link Routes}
 * @param sources_S I64, see {@link Routes}
 */
record StandardPlan(Standard owner, Routes routes, Tensor places_N, Tensor arrivals_S, Tensor sources_S,
        Tensor offsets_e, Tensor tokensPerExpert_E) implements DispatchPlan {

    /** Names the plan without printing its tensors. */
    @Override
    public String toString() {
        return "plan for " + places_N.elements() + " rows";
    }
}
