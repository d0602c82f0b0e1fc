package io.moe4j.trainer.plan;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.MemoryPlanner;
import io.moe4j.trainer.session.Overlapping;
import io.moe4j.trainer.session.Providers;
import io.moe4j.trainer.session.RecomputePlan;
import io.moe4j.trainer.session.RecomputePlanner;
import io.moe4j.trainer.session.SessionPurpose;
import io.moe4j.trainer.step.Schedule;
import java.util.List;
import java.util.Optional;

/**
 * What ranks keep within the budget of a configuration, and what they would keep within other budgets.
 *
 * @param chosen the choice for the configured budget
 * @param neededBytes bytes of a rank that keeps nothing
 * @param curve choices for larger and larger budgets, from nothing to everything that can be kept
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record BudgetPlan(RecomputePlan chosen, long neededBytes, List<RecomputePlan> curve) {
    /** Points of the curve, as fractions of the bytes of everything that can be kept. */
    private static final List<Double> PARTS = List.of(0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0);

    public BudgetPlan {
        curve = List.copyOf(curve);
    }

    /**
     * @param device the memory of the ranks' device; {@code auto} means a rank's share of it
     * @param overlapping whether ranks have a second stream
     */
    static Optional<BudgetPlan> of(TrainerConfig config, ModelSpec spec, Providers providers,
            CostPlan.DeviceMemory device, Overlapping overlapping) {
        Schedule schedule = Schedule.oneAfterTheOther();
        return RecomputePlanner.of(config, spec, providers, schedule, overlapping).map(planner -> {
            long needed = MemoryPlanner.plan(config, spec, providers, schedule, SessionPurpose.TRAINING,
                    RecomputePlanner.keepingNothing(providers), overlapping, CostPlan.RANK).memory().totalBytes();
            int sharing = Math.ceilDiv(config.ranks(), config.runtime().devices());
            RecomputePlan chosen = planner.plan(config.activationCheckpoint().memoryBudget(),
                    () -> RecomputePlanner.left(device.capacity(), device.free(), sharing, needed));
            return new BudgetPlan(chosen, needed, curve(planner));
        });
    }

    private static List<RecomputePlan> curve(RecomputePlanner planner) {
        long most = planner.within(Long.MAX_VALUE / 2).usedBytes();
        return PARTS.stream().map(part -> planner.within((long) (part * most))).toList();
    }
}
