package io.moe4j.app.bench;

import io.moe4j.api.Stability;

/**
 * How often something is timed.
 *
 * @param warmup runs before that, whose times are not taken; at least 0
 * @param iterations runs that are timed, at least 1
 * @param calls of a short part in one run, at least 1; its time is the run's divided by them
 */
@Stability(Stability.Level.EVOLVING)
public record BenchOptions(int warmup, int iterations, int calls) {
    public BenchOptions {
        if (warmup < 0 || iterations < 1 || calls < 1) {
            throw new IllegalArgumentException(warmup + " runs to warm up, " + iterations + " to time, of " + calls
                    + " calls each; at least 0, 1 and 1 are needed");
        }
    }
}
