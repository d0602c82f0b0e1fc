package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Capture of forward and backward.
 *
 * @param enable whether they are recorded once and replayed
 */
@Stability(Stability.Level.EVOLVING)
public record GraphCaptureConfig(boolean enable) {}
