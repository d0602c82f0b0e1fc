package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is reported.
 *
 * @param logEvery steps between two step lines, at least 1; the metrics file has every step
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record MetricsConfig(int logEvery) {

    /** With another value of {@code logEvery}. */
    public MetricsConfig withLogEvery(int value) {
        return Components.with(this, "logEvery", value);
    }
}
