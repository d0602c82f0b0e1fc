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
 * Copies of parameters that a rank could keep in addition to those that the optimizer updates, and the cost that this saves in a step.
 *
 * <p>Converted, for example: a rank holds 1,000,000 float32 parameters whole and computes in bfloat16. It keeps 2,000,000 bytes. With one microbatch, the
 * step then saves two conversions, in forward and in backward, of 6 bytes a parameter each, and the optimizer writes 2 bytes a parameter more: 10,000,000
 * bytes of traffic are saved.
 *
 * <p>Gathered, for example: 1,000,000 parameters of blocks are spread over two ranks. A rank keeps all of them in bfloat16, 2,000,000 bytes. It then gathers
 * and converts them in forward only: in backward, it does not convert its own 500,000 parameters, and the other 500,000 do not cross the link.
 *
 * @param bytes their bytes
 * @param savedCost the cost that a step saves, in the unit of {@link RecomputePlan#repeatedCost()}
 */
record KeptParameters(ParameterBytes bytes, double savedCost) {
    /**
     * The candidates of a configuration that leaves the choice to a budget. Every process counts bytes and costs on planned steps of rank 0, with and without
     * the copies. The numbers are the same for all ranks, which hold the same units whole and equal shards of the others, so nothing needs to be exchanged.
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

    /** All non-empty sets of candidates, each combined into one. */
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

    /** Planned steps that follow other steps: the optimizer of the step before has already converted what it can. */
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

    /**
     * Whether the model calls {@code prepare} on its units in each step. Models of plug-ins that were built before SPI 1.4 do not, and must not be given
     * units that keep copies.
     */
    private static boolean prepares(RankSession session) {
        try (Scope step = session.context().memory().openStep()) {
            session.model().prepare();
        }
        return session.model().units().stream().allMatch(ParameterUnit::isPrepared);
    }
}
