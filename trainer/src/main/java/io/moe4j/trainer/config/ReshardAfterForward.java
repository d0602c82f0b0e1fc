package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Whether parameters that are spread over several ranks are released after each use, and gathered again for the next use, such as backward. The name is that
 * of PyTorch's FSDP. Results have the same bits either way.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ReshardAfterForward {
    /**
     * They stay gathered if the memory budget of activation checkpointing has room for it, and that saves more time than keeping activations of the same size
     * would.
     */
    AUTO,
    /** They are always released. */
    ALWAYS,
    /** They stay gathered for a whole step, in addition to the memory budget: each step gathers them once. */
    NEVER
}
