package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Whether a rank keeps the parameters that it holds whole in the compute type too, beside those that the optimizer updates: 2 bytes a parameter in
 * bfloat16. Then nothing converts them before each use. Results have the same bits either way.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum KeepConverted {
    /** As the memory budget of activation checkpointing allows, where that saves more time than activations of the same size. Off without a budget. */
    AUTO,
    /** Yes, beside the memory budget. An error where parameters have the compute type already. */
    ON,
    /** No. */
    OFF
}
