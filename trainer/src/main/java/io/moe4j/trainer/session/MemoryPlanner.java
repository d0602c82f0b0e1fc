package io.moe4j.trainer.session;

import com.google.inject.Guice;
import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.runtime.planning.PlanningDevice;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.RankPhase;
import java.util.Map;

/**
 * Finds out what a rank takes, by making one step of the same model with the same plug-ins on a device that computes nothing. Plan and run agree because
 * they are the same code.
 */
@Stability(Stability.Level.EVOLVING)
public final class MemoryPlanner {

    private MemoryPlanner() {}

    /** The plan of rank 0; every rank has the same. */
    public static MemoryPlan plan(TrainerConfig config, ModelSpec spec, Providers providers) {
        try (PlanningDevice device = PlanningDevice.open(providers.device().kind(), DeviceConfig.defaults(),
                providers.device().workspaceSizes())) {
            PlanningPlace place = new PlanningPlace(device);
            try (RankSession rank = RankSession.open(
                    Guice.createInjector(new SessionModule(config, spec, providers, place)), 0, new RankPhase())) {
                Map<String, Long> allocated = device.allocatedBytes();
                long sentBefore = place.bytesSent();
                rank.step().rehearse();
                MemoryStack stack = rank.context().memory();
                return new MemoryPlan(allocated, stack.peakByPurpose(), stack.peakBytes(),
                        place.bytesSent() - sentBefore);
            }
        }
    }
}
