package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The learning rate over time: it rises linearly over the warm-up, stays, and decays over the last part of the run.
 *
 * @param name form of the curve
 * @param warmupSteps steps of the rise, at least 0
 * @param decayRatio the fraction of all steps in which the rate decays, in [0, 1]
 * @param decaySteps the number of steps in which the rate decays, instead of {@code decayRatio}; 0 to use {@code decayRatio}
 * @param decayType form of the decay
 * @param minLrFactor the rate at the end, as a fraction of the highest rate, in [0, 1]
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record LrSchedulerConfig(LrShape name, int warmupSteps, double decayRatio, int decaySteps, DecayType decayType,
        double minLrFactor) {

    /** A warm-up, then a constant rate, then a decay over a part of the steps. */
    public LrSchedulerConfig(int warmupSteps, double decayRatio, DecayType decayType, double minLrFactor) {
        this(LrShape.WARMUP_STABLE_DECAY, warmupSteps, decayRatio, 0, decayType, minLrFactor);
    }

    /** With another value of {@code name}. */
    public LrSchedulerConfig withName(LrShape value) {
        return Components.with(this, "name", value);
    }

    /** With another value of {@code decaySteps}. */
    public LrSchedulerConfig withDecaySteps(int value) {
        return Components.with(this, "decaySteps", value);
    }

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
