package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.trainer.config.DecayType;
import io.moe4j.trainer.config.LrSchedulerConfig;

/**
 * The learning rate over time: it rises to its peak over the warm-up, and then stays or falls, as the configuration says.
 *
 * <p>Example: peak 1, 10 steps, 2 of warm-up, a decay ratio of 0.4, linear to 0. Steps 1 to 10 have 0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25.
 *
 * @param peak the highest rate
 * @param steps of the whole run
 * @param config form of the curve
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record LrSchedule(double peak, int steps, LrSchedulerConfig config) {

    /** The rate of step {@code step}, from 1. */
    public double at(long step) {
        return at(peak, step);
    }

    /** The rate of step {@code step}, from 1, on the same curve with another peak. */
    public double at(double highest, long step) {
        if (step <= config.warmupSteps()) {
            return highest * step / config.warmupSteps();
        }
        long decaySteps = decaySteps();
        long into = step - 1 - (steps - decaySteps);
        if (into <= 0 || decaySteps == 0) {
            return highest;
        }
        double left = 1 - Math.min(1, (double) into / decaySteps);
        double curve = switch (decayType()) {
            case CONSTANT -> 1;
            case LINEAR -> left;
            case COSINE -> 0.5 * (1 - Math.cos(Math.PI * left));
            case SQRT -> 1 - Math.sqrt(1 - left);
        };
        return highest * (config.minLrFactor() + (1 - config.minLrFactor()) * curve);
    }

    private long decaySteps() {
        long afterWarmup = Math.max(0, steps - config.warmupSteps());
        return switch (config.name()) {
            case WARMUP_STABLE_DECAY -> Math.min(
                    config.decaySteps() > 0 ? config.decaySteps() : Math.round(config.decayRatio() * steps),
                    afterWarmup);
            case LINEAR, COSINE, CONSTANT -> afterWarmup;
        };
    }

    private DecayType decayType() {
        return switch (config.name()) {
            case WARMUP_STABLE_DECAY -> config.decayType();
            case LINEAR -> DecayType.LINEAR;
            case COSINE -> DecayType.COSINE;
            case CONSTANT -> DecayType.CONSTANT;
        };
    }
}
