package io.moe4j.trainer.session;

import com.google.inject.Guice;
import io.moe4j.api.Stability;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.RankPhase;
import io.moe4j.trainer.step.Schedule;
import java.util.Map;
import java.util.Optional;

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
     * @param rank in the world, from 0
     */
    public static RankPlan plan(TrainerConfig config, ModelSpec spec, Providers providers, Schedule schedule,
            int rank) {
        Optional<CountedExchange> exchange = providers.comm().map(CountedExchange::new);
        try (PlanningDevice device = PlanningDevice.open(providers.device().kind(),
                TrainingSession.deviceConfig(config.runtime(), 0), providers.device().workspaceSizes())) {
            PlanningPlace place = new PlanningPlace(device, providers.collectives());
            RankOpener opener = Guice.createInjector(
                    new SessionModule(config, spec, providers.withComm(exchange), place, schedule))
                    .getInstance(RankOpener.class);
            try (RankSession session = opener.open(rank, new RankPhase())) {
                Map<String, Long> allocated = device.allocatedBytes();
                session.step().rehearse();
                MemoryStack stack = session.context().memory();
                MemoryPlan memory = new MemoryPlan(allocated, stack.peakByPurpose(), stack.peakBytes(),
                        stack.peakLaneBytes(), session.step().lanes());
                return new RankPlan(memory, exchange.map(place::traffic).orElseGet(place::traffic),
                        exchange.map(CountedExchange::capacityRows).orElse(0L));
            }
        }
    }
}
