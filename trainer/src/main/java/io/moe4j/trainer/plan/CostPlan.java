package io.moe4j.trainer.plan;

import io.moe4j.api.Stability;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.spi.Asking;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec.ModelFigures;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Opening;
import io.moe4j.trainer.session.MemoryPlanner;
import io.moe4j.trainer.session.Overlapping;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RankPlan;
import io.moe4j.trainer.session.RankShapes;
import io.moe4j.trainer.session.RecomputePlanner;
import io.moe4j.trainer.session.SentRows;
import io.moe4j.trainer.session.SessionPurpose;
import io.moe4j.trainer.step.Schedule;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The cost of a configuration. One rank makes one step of the real model with the real plug-ins on a device that computes nothing, so that a run of the
 * same configuration allocates exactly this memory.
 *
 * @param config the configuration
 * @param figures parameters and operations of the model
 * @param rank memory and traffic of {@link #RANK}, all ranks being threads of one process
 * @param sentRows rows that a dispatch sends to other ranks; absent in a model without experts
 * @param deviceBytes memory of the device; 0 if it is not on this machine
 * @param recompute what blocks keep; absent if no budget decides that
 * @param rounds numbers of rounds of an exchange, if rows that do not fit are exchanged in rounds
 * @param overlapping whether ranks have streams beside the main one; since 0.3.0
 * @param model name of the model: that of its published class where it comes from a folder, such as {@code deepseek_v2}; since 0.3.0
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CostPlan(TrainerConfig config, ModelFigures figures, RankPlan rank, Optional<SentRows> sentRows,
        long deviceBytes, Optional<BudgetPlan> recompute, Optional<ExpectedRounds> rounds, Overlapping overlapping,
        String model) {
    /**
     * The rank that is planned. It needs the most memory: as a rank of the first replica it copies its shards for checkpoints, and as rank 0 also the model's
     * buffers. With Muon, another rank may need a little more, because each rank orthogonalises different matrices.
     *
     * @since 0.3.0
     */
    public static final int RANK = 0;

    /** Computes the cost of a checked configuration. */
    public static CostPlan of(TrainerConfig config, Registry registry) {
        return Linking.guard(registry, () -> planned(config, registry));
    }

    private static CostPlan planned(TrainerConfig config, Registry registry) {
        ModelSpec spec = ConfiguredModel.spec(config, registry);
        Providers providers = Providers.choose(config, spec, registry);
        DeviceMemory device = memory(providers.device());
        Map<Overlapping, Optional<BudgetPlan>> budgets = new HashMap<>();
        Function<Overlapping, Optional<BudgetPlan>> budget = asked -> budgets.computeIfAbsent(asked,
                streams -> BudgetPlan.of(config, spec, providers, device, streams));
        Overlapping overlapping = Overlapping.planned(config, providers)
                .decide(streams -> budget.apply(streams).map(BudgetPlan::chosen));
        Optional<BudgetPlan> recompute = budget.apply(overlapping);
        RankPlan rank = MemoryPlanner.plan(config, spec, providers, Schedule.oneAfterTheOther(),
                SessionPurpose.TRAINING, RecomputePlanner.recompute(providers, recompute.map(BudgetPlan::chosen), 0),
                overlapping, RANK);
        return new CostPlan(config, ConfiguredModel.figures(config, spec), rank,
                sentRows(config, spec, providers), device.capacity(), recompute, rounds(config, spec, providers),
                overlapping, spec.name());
    }

    /** Operations of forward and backward of one step, all ranks together; recompute not counted. */
    public double flopsPerStep() {
        return figures.flopsPerToken() * config.tokensPerStep();
    }

    /** How many ranks one device has memory for; 0 if the device is not on this machine. */
    public long ranksPerDevice() {
        return deviceBytes / Math.max(1, rank.memory().totalBytes());
    }

    private static Optional<SentRows> sentRows(TrainerConfig config, ModelSpec spec, Providers providers) {
        return providers.comm().map(comm -> SentRows.of(RankShapes.exchange(config, spec, providers),
                config.parallelism().expertParallelDegree(), comm, providers.device().kind()));
    }

    private static Optional<ExpectedRounds> rounds(TrainerConfig config, ModelSpec spec, Providers providers) {
        return providers.comm().map(comm -> RankShapes.exchange(config, spec, providers))
                .filter(exchange -> exchange.onOverflow() == OverflowAction.ROUNDS)
                .map(exchange -> ExpectedRounds.of(exchange, config.parallelism().expertParallelDegree(),
                        providers));
    }

    private static DeviceMemory memory(DeviceProvider provider) {
        if (!(Asking.of(provider, "probe", Provider::probe) instanceof Availability.Available)) {
            return new DeviceMemory(0, 0);
        }
        try (Device device = Opening.of(provider, () -> provider.open(DeviceConfig.defaults()))) {
            return new DeviceMemory(device.capacityBytes(), device.freeBytes());
        }
    }

    /**
     * Bytes of a device; 0 if it is not on this machine.
     *
     * @param free bytes that are not in use
     */
    record DeviceMemory(long capacity, long free) {}
}
