package io.moe4j.trainer.session;

import com.google.inject.Guice;
import io.moe4j.api.Stability;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.autograd.model.Model;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Evaluator;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.Schedule;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * Finds out what a rank takes, by making one step of the same model with the same plug-ins on a device that computes nothing. Plan and run agree because
 * they are the same code.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryPlanner {

    private MemoryPlanner() {}

    /**
     * The plan of one rank. Ranks may differ: a rank that holds more layers, or a longer part of a schedule, takes more.
     *
     * @param schedule in which order microbatches pass through the model
     * @param purpose what the rank is opened for
     * @param rank in the world, from 0
     */
    public static RankPlan plan(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, int rank) {
        Optional<CountedExchange> exchange = providers.comm().map(CountedExchange::new);
        return onPlannedRank(config, spec, providers.withComm(exchange), schedule, purpose, rank, (place, session) -> {
            Map<String, Long> allocated = place.device(rank).allocatedBytes();
            Map<String, Long> host = place.device(rank).allocatedHostBytes();
            boolean trains = purpose == SessionPurpose.TRAINING;
            if (trains) {
                session.step().rehearse();
            }
            // Before validation: this is what a step sends.
            StepTraffic traffic = exchange.map(place::traffic).orElseGet(place::traffic);
            session.evaluator().ifPresent(Evaluator::rehearse);
            MemoryStack stack = session.context().memory();
            MemoryPlan memory = new MemoryPlan(allocated, stack.peakByPurpose(), stack.peakBytes(),
                    stack.peakLaneBytes(), trains ? session.step().lanes() : 0, host);
            return new RankPlan(memory, traffic, exchange.map(CountedExchange::capacityRows).orElse(0L));
        });
    }

    /** What a rank's open model tells: it has no values, and takes no memory. */
    public static <T> T describe(TrainerConfig config, ModelSpec spec, Providers providers, Function<Model, T> told) {
        return onPlannedRank(config, spec, providers, Schedule.oneAfterTheOther(), SessionPurpose.TRAINING, 0,
                (place, session) -> told.apply(session.model()));
    }

    private static <T> T onPlannedRank(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            SessionPurpose purpose, int rank, BiFunction<PlanningPlace, RankSession, T> work) {
        try (PlanningDevice device = PlanningDevice.open(providers.device().kind(),
                TrainingSession.deviceConfig(config.runtime(), 0), providers.device().workspaceSizes())) {
            PlanningPlace place = new PlanningPlace(device, providers.collectives());
            RankOpener opener = Guice.createInjector(
                    new SessionModule(config, spec, providers, place, schedule, purpose))
                    .getInstance(RankOpener.class);
            try (RankSession session = opener.open(rank, new RankPhase())) {
                return work.apply(place, session);
            }
        }
    }
}
