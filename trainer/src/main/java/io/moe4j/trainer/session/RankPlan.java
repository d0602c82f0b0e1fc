package io.moe4j.trainer.session;

import io.moe4j.api.Stability;

/**
 * What one rank takes and does in a step.
 *
 * @param memory bytes that it takes
 * @param traffic bytes that it sends
 * @param receiveCapacityRows rows that it can receive in one exchange; 0 in a model without experts
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankPlan(MemoryPlan memory, StepTraffic traffic, long receiveCapacityRows) {}
