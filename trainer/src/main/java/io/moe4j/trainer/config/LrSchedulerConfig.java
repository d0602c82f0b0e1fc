package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The learning rate over time: it rises linearly over the warm-up, stays, and decays over the last part of the run.
 *
 * @param warmupSteps steps of the rise, at least 0
 * @param decayRatio the part of all steps that decays, in [0, 1]
 * @param decayType form of the decay
 * @param minLrFactor what is left of the rate at the end, in [0, 1]
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record LrSchedulerConfig(int warmupSteps, double decayRatio, DecayType decayType, double minLrFactor) {

    /** With another value of {@code warmupSteps}. */
    public LrSchedulerConfig withWarmupSteps(int value) {
        return Components.with(this, "warmupSteps", value);
    }

    /** With another value of {@code decayRatio}. */
    public LrSchedulerConfig withDecayRatio(double value) {
        return Components.with(this, "decayRatio", value);
    }

    /** With another value of {@code decayType}. */
    public LrSchedulerConfig withDecayType(DecayType value) {
        return Components.with(this, "decayType", value);
    }

    /** With another value of {@code minLrFactor}. */
    public LrSchedulerConfig withMinLrFactor(double value) {
        return Components.with(this, "minLrFactor", value);
    }
}
