package io.moe4j.trainer.bench;

import io.moe4j.api.Stability;

/**
 * How often something is timed.
 *
 * @param warmup runs before that, whose times are not taken; at least 0
 * @param iterations runs that are timed, at least 1
 */
@Stability(Stability.Level.EVOLVING)
public record BenchOptions(int warmup, int iterations) {
    public BenchOptions {
        if (warmup < 0 || iterations < 1) {
            throw new IllegalArgumentException(warmup + " runs to warm up and " + iterations
                    + " to time; at least 0 and 1 are needed");
        }
    }
}
