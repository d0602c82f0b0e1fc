package io.moe4j.trainer.session;

import io.moe4j.api.Stability;
import io.moe4j.autograd.SegmentProfile;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.autograd.recompute.KeptChoice;
import io.moe4j.autograd.recompute.RecomputePolicyProvider;
import io.moe4j.trainer.config.MemoryBudget;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.step.Schedule;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Chooses, before a run, what is kept within the budget: results of operations, and possibly parameters. All ranks have the same blocks and
 * parameters and agree on the budget, so they come to the same choice.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RecomputePlanner {
    /** The fraction of a device's memory that {@code auto} leaves free for what plans do not count, such as the driver's context and recorded graphs. */
    public static final double MARGIN = 0.02;

    private final RecomputePolicyProvider provider;
    private final List<SegmentProfile> segments;
    private final List<KeptParameters> candidates;
    private final int microbatches;
    private final int alive;

    /** @param alive how many microbatches keep their results at the same time, at least 1 */
    RecomputePlanner(RecomputePolicyProvider provider, List<SegmentProfile> segments,
            List<KeptParameters> candidates, int microbatches, int alive) {
        this.provider = provider;
        this.segments = segments;
        this.candidates = List.copyOf(candidates);
        this.microbatches = microbatches;
        this.alive = alive;
    }

    /**
     * The planner of a configuration; empty if its policy takes no budget.
     *
     * @param schedule the order in which microbatches pass through the model
     * @param overlapping whether ranks have a second stream
     */
    public static Optional<RecomputePlanner> of(TrainerConfig config, ModelSpec spec, Providers providers,
            Schedule schedule, Overlapping overlapping) {
        return providers.recompute().takesBudget()
                ? Optional.of(new RecomputePlanner(providers.recompute(),
                        MemoryPlanner.profile(config, spec, providers),
                        KeptParameters.candidates(config, spec, providers, schedule, overlapping),
                        config.microbatches(),
                        Math.max(1, schedule.lanes(config.microbatches()))))
                : Optional.empty();
    }

    /**
     * The choice for a budget.
     *
     * @param automatic gives the bytes of {@code auto}; called only if the budget is {@code auto}
     */
    public RecomputePlan plan(MemoryBudget budget, LongSupplier automatic) {
        return within(switch (budget) {
            case MemoryBudget.Auto() -> Math.max(0, automatic.getAsLong());
            case MemoryBudget.Gib fixed -> fixed.bytes();
        });
    }

    /**
     * The choice for a rank that may keep {@code bytes}. One candidate plan keeps results of operations only; others also keep parameters, and have less
     * memory for results. The plan whose step costs least is chosen.
     */
    public RecomputePlan within(long bytes) {
        RecomputePlan best = choose(bytes, ParameterBytes.NONE);
        double least = microbatches * best.repeatedCost();
        for (KeptParameters kept : KeptParameters.sets(candidates)) {
            if (kept.bytes().total() > bytes) {
                continue;
            }
            RecomputePlan plan = choose(bytes, kept.bytes());
            double cost = microbatches * plan.repeatedCost() - kept.savedCost();
            if (cost < least) {
                best = plan;
                least = cost;
            }
        }
        return best;
    }

    private RecomputePlan choose(long bytes, ParameterBytes parameters) {
        long ofOne = (bytes - parameters.total()) / alive;
        RecomputePlan plan = new RecomputePlan(segments, provider.choose(segments, ofOne), bytes / alive, parameters);
        if (plan.keptBytes() > ofOne) {
            throw new IllegalStateException("the recompute policy \"" + provider.id() + "\" keeps " + plan.keptBytes()
                    + " bytes of a budget of " + ofOne + "; its choice must fit");
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
                Math.max(1, lanes) * chosen.keptDispatches(), chosen.parameters().converted() > 0,
                chosen.parameters().gathered() > 0))
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
