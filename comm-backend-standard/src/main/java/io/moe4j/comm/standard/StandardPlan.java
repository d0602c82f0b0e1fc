package io.moe4j.comm.standard;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;

/**
 * The plan of one exchange.
 *
 * @param owner what made it
 * @param routes what the host knows of it
 * @param places_N I64: where a routed row is among those that this rank sends; -1 if dropped
 * @param arrivals_S I64, see {@link Routes}
 * @param sources_S I64, see {@link Routes}
 */
record StandardPlan(Standard owner, Routes routes, Tensor places_N, Tensor arrivals_S, Tensor sources_S,
        Tensor offsets_e, Tensor tokensPerExpert_E) implements DispatchPlan {

    /** A plan is what it is, not what it holds. */
    @Override
    public String toString() {
        return "plan for " + places_N.elements() + " rows";
    }
}
