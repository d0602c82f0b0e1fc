package io.moe4j.trainer.plan;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.MemoryPlanner;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RankPlan;
import io.moe4j.trainer.session.SessionPurpose;
import io.moe4j.trainer.step.Schedule;

/**
 * The price of a configuration. One rank makes one step of the real model with the real plug-ins on a device that computes nothing, so that a run of the
 * same configuration allocates just this.
 *
 * @param config what is priced
 * @param figures of the model
 * @param rank of each rank
 * @param deviceBytes memory of the device; 0 if it is not here
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CostPlan(TrainerConfig config, ModelFigures figures, RankPlan rank, long deviceBytes) {

    /** Prices a checked configuration. */
    public static CostPlan of(TrainerConfig config, Registry registry) {
        ModelSpec spec = ConfiguredModel.spec(config, registry);
        Providers providers = Providers.choose(config, spec, registry);
        return new CostPlan(config, spec.figures(config.training().seqLen()),
                MemoryPlanner.plan(config, spec, providers, Schedule.oneAfterTheOther(), SessionPurpose.TRAINING,
                        0),
                deviceBytes(providers.device()));
    }

    /** Operations of forward and backward of one step, all ranks together; recompute not counted. */
    public double flopsPerStep() {
        return figures.flopsPerToken() * config.tokensPerStep();
    }

    /** How many ranks one device has memory for; 0 if it is not here. */
    public long ranksPerDevice() {
        return deviceBytes / Math.max(1, rank.memory().totalBytes());
    }

    private static long deviceBytes(DeviceProvider provider) {
        if (!(provider.probe() instanceof Availability.Available)) {
            return 0;
        }
        try (Device device = provider.open(DeviceConfig.defaults())) {
            return device.capacityBytes();
        }
    }
}
