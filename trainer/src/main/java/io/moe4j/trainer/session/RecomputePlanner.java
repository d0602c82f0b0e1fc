package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.trainer.config.MemoryBudget;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Chooses, before a run, what is kept within the budget. All ranks have the same blocks and agree on the budget, so they come to the same choice.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RecomputePlanner {
    /** The fraction of a device's memory that {@code auto} leaves free for what plans do not count, such as the driver's context and recorded graphs. */
    public static final double MARGIN = 0.02;

    private RecomputePlanner() {}

    /**
     * The choice; empty if the configured policy takes no budget.
     *
     * @param automatic gives the bytes of {@code auto}; called only if the budget is {@code auto}
     * @param lanes how many microbatches are alive at once; 0 if they follow each other
     */
    public static Optional<RecomputePlan> plan(TrainerConfig config, ModelSpec spec, Providers providers, int lanes,
            LongSupplier automatic) {
        if (!providers.recompute().takesBudget()) {
            return Optional.empty();
        }
        long bytes = switch (config.activationCheckpoint().memoryBudget()) {
            case MemoryBudget.Auto() -> Math.max(0, automatic.getAsLong());
            case MemoryBudget.Gib fixed -> fixed.bytes();
        };
        return Optional.of(choose(providers.recompute(), MemoryPlanner.profile(config, spec, providers),
                bytes / Math.max(1, lanes)));
    }

    /** The choice for these blocks within this number of bytes. */
    public static RecomputePlan choose(RecomputePolicyProvider provider, List<SegmentProfile> segments, long bytes) {
        RecomputePlan plan = new RecomputePlan(segments, provider.choose(segments, bytes), bytes);
        if (plan.keptBytes() > bytes) {
            throw new IllegalStateException("the recompute policy \"" + provider.id() + "\" keeps " + plan.keptBytes()
                    + " bytes of a budget of " + bytes + "; its choice must fit");
        }
        return plan;
    }

    /**
     * How blocks run by a plan; without a plan, the provider's own policy.
     *
     * @param lanes how many microbatches are alive at once; 0 if they follow each other
     */
    public static Recompute recompute(Providers providers, Optional<RecomputePlan> plan, int lanes) {
        return plan.map(chosen -> new Recompute(providers.recompute().policy(chosen.choice()),
                Math.max(1, lanes) * chosen.keptDispatches()))
                .orElseGet(() -> Recompute.of(providers.recompute().policy()));
    }

    /** How blocks run if they keep nothing. The memory that this leaves on a device is what {@code auto} may use. */
    public static Recompute keepingNothing(Providers providers) {
        return Recompute.of(providers.recompute().policy(KeptChoice.nothing()));
    }

    /**
     * The bytes that one of {@code ranks} ranks on a device may keep.
     *
     * @param capacity bytes of the device
     * @param free bytes of the device that are not in use yet
     * @param needed bytes that a rank needs if it keeps nothing
     */
    public static long left(long capacity, long free, int ranks, long needed) {
        return (long) (free - MARGIN * capacity) / ranks - needed;
    }
}
