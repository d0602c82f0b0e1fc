package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is computed again in backward.
 *
 * @param mode id of the recompute policy, such as {@code none} or {@code full}
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ActivationCheckpointConfig(String mode) {

    /** With another value of {@code mode}. */
    public ActivationCheckpointConfig withMode(String value) {
        return Components.with(this, "mode", value);
    }
}
