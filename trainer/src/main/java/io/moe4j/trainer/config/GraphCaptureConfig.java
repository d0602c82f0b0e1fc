package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Capture of forward and backward as a graph.
 *
 * @param enable whether they are recorded once and replayed
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record GraphCaptureConfig(boolean enable) {

    /** With another value of {@code enable}. */
    public GraphCaptureConfig withEnable(boolean value) {
        return Components.with(this, "enable", value);
    }
}
