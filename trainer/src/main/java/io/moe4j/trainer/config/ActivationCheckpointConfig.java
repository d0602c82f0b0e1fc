package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * What is computed again in backward.
 *
 * @param mode id of the recompute policy: {@code none}, {@code full} or {@code budget}
 * @param memoryBudget of a rank, for a mode that keeps what fits into it: {@code auto}, or GiB
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ActivationCheckpointConfig(String mode, MemoryBudget memoryBudget) {

    /** With another value of {@code mode}. */
    public ActivationCheckpointConfig withMode(String value) {
        return Components.with(this, "mode", value);
    }

    /** With another value of {@code memoryBudget}. */
    public ActivationCheckpointConfig withMemoryBudget(MemoryBudget value) {
        return Components.with(this, "memoryBudget", value);
    }
}
