package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Whether the parameters that are spread over several ranks are released after each use and gathered again for the next, as backward after forward. The name
 * is that of PyTorch's FSDP. Results have the same bits either way.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ReshardAfterForward {
    /** They stay gathered where the memory budget of activation checkpointing has room, and that saves more time than activations of the same size. */
    AUTO,
    /** They are always released. */
    ALWAYS,
    /** They stay gathered for a whole step, beside the memory budget: each step gathers them once. */
    NEVER
}
