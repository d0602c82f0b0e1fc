package io.moe4j.trainer.session;

import com.google.inject.Guice;
import io.moe4j.api.Stability;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.RankPhase;
import java.util.Map;
import java.util.Optional;

/**
 * Finds out what a rank takes, by making one step of the same model with the same plug-ins on a device that computes nothing. Plan and run agree because
 * they are the same code.
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryPlanner {

    private MemoryPlanner() {}

    /** The plan of rank 0; every rank has the same. */
    public static RankPlan plan(TrainerConfig config, ModelSpec spec, Providers providers) {
        Optional<CountedExchange> exchange = providers.comm().map(CountedExchange::new);
        try (PlanningDevice device = PlanningDevice.open(providers.device().kind(),
                TrainingSession.deviceConfig(config.runtime(), 0), providers.device().workspaceSizes())) {
            PlanningPlace place = new PlanningPlace(device, providers.collectives());
            try (RankSession rank = RankSession.open(Guice.createInjector(
                    new SessionModule(config, spec, providers.withComm(exchange), place)), 0, new RankPhase())) {
                Map<String, Long> allocated = device.allocatedBytes();
                rank.step().rehearse();
                MemoryStack stack = rank.context().memory();
                MemoryPlan memory = new MemoryPlan(allocated, stack.peakByPurpose(), stack.peakBytes());
                return new RankPlan(memory, exchange.map(place::traffic).orElseGet(place::traffic),
                        exchange.map(CountedExchange::capacityRows).orElse(0L));
            }
        }
    }
}
