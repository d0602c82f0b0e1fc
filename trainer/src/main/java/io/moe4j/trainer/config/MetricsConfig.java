package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is reported.
 *
 * @param logEvery steps between two step lines, at least 1; the metrics file has every step
 */
@Stability(Stability.Level.EVOLVING)
public record MetricsConfig(int logEvery) {}
