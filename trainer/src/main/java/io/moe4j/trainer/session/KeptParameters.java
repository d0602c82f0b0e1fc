package io.moe4j.trainer.session;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.KeepConverted;
import io.moe4j.trainer.config.ReshardAfterForward;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Parameters that a rank could keep beside those that the optimizer updates, and what a step then costs less.
 *
 * <p>Converted: a rank of 1,000,000 parameters that it holds whole, in float32 and used in bfloat16, keeps 2,000,000 bytes. With one microbatch a step it then
 * converts nothing in forward and in backward, 6 bytes a parameter each, and its optimizer writes 2 bytes more: 10,000,000 are saved.
 *
 * <p>Gathered: of 1,000,000 parameters of blocks that are spread over two ranks, all of which it keeps, 2,000,000 bytes. It then gathers and converts them in
 * forward only; in backward, 500,000 parameters of its own are not converted, and as many do not cross the link.
 *
 * @param bytes their bytes
 * @param savedCost what a step then costs less, in the unit of {@link RecomputePlan#repeatedCost()}
 */
record KeptParameters(ParameterBytes bytes, double savedCost) {
    /**
     * Those of a configuration that leaves the choice to a budget. Bytes and costs are counted on planned steps of rank 0, with and without them, in every
     * process. All ranks hold equal units whole, and equal shards of the others, so that these are the numbers of all of them, and nothing needs to be
     * exchanged.
     */
    static List<KeptParameters> candidates(TrainerConfig config, ModelSpec spec, Providers providers,
            Schedule schedule, Overlapping overlapping) {
        PlannedSteps steps = new PlannedSteps(config, spec, providers, schedule, overlapping);
        List<PlannedSteps.Step> all = new ArrayList<>();
        if (config.training().keepConverted() == KeepConverted.AUTO
                && config.training().parameterDtype() != config.training().dtype()) {
            all.add(steps.step(true, false));
        }
        if (config.parallelism().reshardAfterForward() == ReshardAfterForward.AUTO
                && config.parallelism().dataParallelShardDegree() > 1) {
            all.add(steps.step(false, true));
        }
        all.removeIf(step -> step.kept.total() == 0);
        if (all.isEmpty()) {
            return List.of();
        }
        double without = steps.step(false, false).cost;
        return all.stream().map(step -> new KeptParameters(step.kept, without - step.cost)).toList();
    }

    /** All sets of the candidates but the empty one, each as one. */
    static List<KeptParameters> sets(List<KeptParameters> candidates) {
        List<KeptParameters> sets = new ArrayList<>();
        for (KeptParameters each : candidates) {
            List<KeptParameters> more = sets.stream().map(each::plus).toList();
            sets.add(each);
            sets.addAll(more);
        }
        return sets;
    }

    private KeptParameters plus(KeptParameters other) {
        return new KeptParameters(bytes.plus(other.bytes), savedCost + other.savedCost);
    }

    /** Steps that follow others: what they need has been converted by the update before. */
    private record PlannedSteps(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            Overlapping overlapping) {

        /** The bytes that are kept, and what the step costs. */
        private record Step(ParameterBytes kept, double cost) {}

        private Step step(boolean converted, boolean gathered) {
            Providers counted = providers
                    .withComm(providers.comm().map(comm -> new CountedExchange(comm, new EvenRows(0))));
            Recompute recompute = new Recompute(RecomputePlanner.keepingNothing(providers).policy(), 0, converted,
                    gathered);
            return MemoryPlanner.onPlannedRank(config, spec, counted, schedule, SessionPurpose.TRAINING, recompute,
                    overlapping, 0, (place, session) -> {
                        ParameterBytes bytes = bytes(session.model());
                        if ((converted || gathered) && (bytes.total() == 0 || !prepares(session))) {
                            return new Step(ParameterBytes.NONE, 0);
                        }
                        DoubleSupplier cost = place.device(0).work()::total;
                        session.step().refreshConverted();
                        double before = cost.getAsDouble();
                        session.step().rehearse();
                        session.step().refreshConverted();
                        return new Step(bytes, cost.getAsDouble() - before);
                    });
        }
    }

    private static ParameterBytes bytes(Model model) {
        return new ParameterBytes(
                model.units().stream().map(ParameterUnit::convertedShard).flatMap(Optional::stream)
                        .mapToLong(Tensor::bytes).sum(),
                model.units().stream().mapToLong(ParameterUnit::keptGatheredBytes).sum());
    }

    /** Whether the model announces each step to its units. Models of plug-ins that were built before SPI 1.4 do not, and must not be given such units. */
    private static boolean prepares(RankSession session) {
        try (Scope step = session.context().memory().openStep()) {
            session.model().prepare();
        }
        return session.model().units().stream().allMatch(ParameterUnit::isPrepared);
    }
}
