package io.moe4j.comm.standard;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * The plan of one exchange.
 *
 * @param owner the backend that made the plan
 * @param routes the counts and offsets that the host knows
 * @param places_N I64: index of each routed row among the rows that this rank sends; -1 if dropped
 * @param arrivals_S I64, see {@link Routes}
 * @param sources_S I64, see {@link Routes}
 * @param rounds present if plans can need more than one round
 * @param round the number of the round that this plan is for; 0 without rounds
 */
record StandardPlan(Standard owner, Routes routes, Tensor places_N, Tensor arrivals_S, Tensor sources_S,
        Tensor offsets_e, Tensor tokensPerExpert_E, Optional<Rounds> rounds, int round) implements DispatchPlan {

    @Override
    public Optional<Tensor> before_1() {
        return rounds.filter(each -> round > 0).map(each -> each.further().before_1());
    }

    int roundCount() {
        return rounds.map(Rounds::count).orElse(1);
    }

    /** Names the plan without printing its tensors. */
    @Override
    public String toString() {
        return "plan for " + places_N.elements() + " rows" + (round > 0 ? ", round " + round : "");
    }
}
