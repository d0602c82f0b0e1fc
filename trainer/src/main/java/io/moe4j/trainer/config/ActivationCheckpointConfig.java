package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Activation checkpointing: what forward keeps for backward, and what backward computes again.
 *
 * @param mode id of the recompute policy: {@code none}, {@code full} or {@code budget}
 * @param memoryBudget memory of a rank for kept activations, used by the mode {@code budget}: {@code auto}, or a number of GiB
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
