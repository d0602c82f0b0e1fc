package io.moe4j.trainer.session;

import io.moe4j.api.Stability;

/**
 * Memory and traffic of one rank in a step.
 *
 * @param memory the bytes that it takes
 * @param traffic the bytes that it sends
 * @param receiveCapacityRows rows that it can receive in one exchange; 0 in a model without experts
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RankPlan(MemoryPlan memory, StepTraffic traffic, long receiveCapacityRows) {}
