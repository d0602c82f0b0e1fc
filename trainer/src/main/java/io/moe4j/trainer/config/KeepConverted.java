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
    /**
     * On if the memory budget of activation checkpointing has room for it, and it saves more time than keeping activations of the same size would. Off
     * without a budget.
     */
    AUTO,
    /** Yes, in addition to the memory budget. An error if parameters have the compute type already. */
    ON,
    /** No. */
    OFF
}
