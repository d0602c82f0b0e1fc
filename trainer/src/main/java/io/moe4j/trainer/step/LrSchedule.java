package io.moe4j.trainer.step;

import io.moe4j.api.Stability;
import io.moe4j.trainer.config.LrSchedulerConfig;

/**
 * The learning rate over time: it rises to its peak over the warm-up, stays, and decays over the last part of the run.
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
        if (step <= config.warmupSteps()) {
            return peak * step / config.warmupSteps();
        }
        long decaySteps = Math.min(Math.round(config.decayRatio() * steps), Math.max(0, steps - config.warmupSteps()));
        long into = step - 1 - (steps - decaySteps);
        if (into <= 0 || decaySteps == 0) {
            return peak;
        }
        double left = 1 - Math.min(1, (double) into / decaySteps);
        double curve = switch (config.decayType()) {
            case CONSTANT -> 1;
            case LINEAR -> left;
            case COSINE -> 0.5 * (1 - Math.cos(Math.PI * left));
        };
        return peak * (config.minLrFactor() + (1 - config.minLrFactor()) * curve);
    }
}
