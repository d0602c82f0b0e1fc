package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * The plan of one exchange.
 *
 * @param owner the backend that made the plan
 * @param destinations_N I64: where each routed row goes, see {@link Destination}. With rounds, a row is a place in the arrival order of all rounds
 * @param rounds present if the plan can need more than one round
 * @param further false for the first round; true for the later round whose number is in {@code rounds.round_1}
 */
record EpPlan(MinimalAsyncEp owner, Tensor destinations_N, Tensor offsets_e, Tensor tokensPerExpert_E,
        Optional<EpRounds> rounds, boolean further) implements DispatchPlan {

    /** The round that is under way, as a plan. */
    EpPlan furtherRound() {
        return new EpPlan(owner, destinations_N, rounds.orElseThrow().offsets_e(), tokensPerExpert_E, rounds, true);
    }

    @Override
    public Optional<Tensor> before_1() {
        return rounds.filter(each -> further).map(EpRounds::before_1);
    }

    /** The arguments of a {@link Window}: rounds_1 and round_1. */
    KernelArg roundsArgument() {
        return rounds.map(each -> KernelArg.of(each.rounds_1())).orElseGet(KernelArg::absent);
    }

    KernelArg roundArgument() {
        return rounds.filter(each -> further).map(each -> KernelArg.of(each.round_1())).orElseGet(KernelArg::absent);
    }

    /** Names the plan without printing its tensors. */
    @Override
    public String toString() {
        return "plan for " + destinations_N.elements() + " rows" + (further ? ", a round after the first" : "");
    }
}
