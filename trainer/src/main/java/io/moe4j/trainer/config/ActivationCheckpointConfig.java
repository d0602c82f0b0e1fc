package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is computed again in backward.
 *
 * @param mode id of the recompute policy, such as {@code none} or {@code full}
 */
@Stability(Stability.Level.EVOLVING)
public record ActivationCheckpointConfig(String mode) {}
