package io.moe4j.trainer.session;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.trainer.config.KeepConverted;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Schedule;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Parameters that a rank could keep in the compute type, beside those that the optimizer updates. For example, a rank of 1,000,000 such parameters, in float32
 * and used in bfloat16, keeps 2,000,000 bytes. With one microbatch a step it then converts nothing in forward and in backward, 6 bytes a parameter each, and
 * its optimizer writes 2 bytes more: 10,000,000 are saved.
 *
 * @param bytes their bytes; 0 if there are none
 * @param savedCost what a step then costs less, in the unit of {@link RecomputePlan#repeatedCost()}
 */
record Conversions(long bytes, double savedCost) {
    static final Conversions NONE = new Conversions(0, 0);

    /**
     * Those of a configuration; none if {@code training.keep_converted} leaves no choice. Both numbers are counted on two planned steps of rank 0, with and
     * without them, in every process. All ranks hold equal units whole, so that these are the numbers of all of them, and nothing needs to be exchanged.
     */
    static Conversions of(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            Overlapping overlapping) {
        if (config.training().keepConverted() != KeepConverted.AUTO
                || config.training().parameterDtype() == config.training().dtype()) {
            return NONE;
        }
        Step kept = step(config, spec, providers, schedule, overlapping, true);
        return kept.bytes == 0 ? NONE
                : new Conversions(kept.bytes,
                        step(config, spec, providers, schedule, overlapping, false).cost - kept.cost);
    }

    /** The bytes that are kept, and what a step costs. */
    private record Step(long bytes, double cost) {}

    /** A step that follows others: what it needs has been converted by the update before. */
    private static Step step(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            Overlapping overlapping, boolean keeps) {
        Providers counted = providers
                .withComm(providers.comm().map(comm -> new CountedExchange(comm, new EvenRows(0))));
        Recompute recompute = new Recompute(RecomputePlanner.keepingNothing(providers).policy(), 0, keeps);
        return MemoryPlanner.onPlannedRank(config, spec, counted, schedule, SessionPurpose.TRAINING, recompute,
                overlapping, 0, (place, session) -> {
                    long bytes = bytes(session.model());
                    if (keeps && (bytes == 0 || !prepares(session))) {
                        return new Step(0, 0);
                    }
                    DoubleSupplier cost = place.device(0).work()::total;
                    refresh(session.model());
                    double before = cost.getAsDouble();
                    session.step().rehearse();
                    refresh(session.model());
                    return new Step(bytes, cost.getAsDouble() - before);
                });
    }

    private static long bytes(Model model) {
        return model.units().stream().map(ParameterUnit::convertedShard).flatMap(Optional::stream)
                .mapToLong(Tensor::bytes).sum();
    }

    /** Whether the model announces each step to its units. Models of plug-ins that were built before SPI 1.4 do not, and must not be given such units. */
    private static boolean prepares(RankSession session) {
        try (Scope step = session.context().memory().openStep()) {
            session.model().prepare();
        }
        return session.model().units().stream().allMatch(ParameterUnit::isPrepared);
    }

    /** Converts what the optimizer has changed without converting it, as Muon does. */
    private static void refresh(Model model) {
        model.units().forEach(ParameterUnit::refreshConverted);
    }
}
