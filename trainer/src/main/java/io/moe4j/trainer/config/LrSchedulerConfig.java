package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The learning rate over time: it rises linearly over the warm-up, stays, and decays over the last part of the run.
 *
 * @param warmupSteps steps of the rise, at least 0
 * @param decayRatio the part of all steps that decays, in [0, 1]
 * @param decayType form of the decay
 * @param minLrFactor what is left of the rate at the end, in [0, 1]
 */
@Stability(Stability.Level.EVOLVING)
public record LrSchedulerConfig(int warmupSteps, double decayRatio, DecayType decayType, double minLrFactor) {}
