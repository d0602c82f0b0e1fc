package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Whether a rank gathers shards, reduces gradients and exchanges rows on streams of their own, while its main stream computes. Results have the same bits
 * either way.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Overlap {
    /**
     * On if ranks are threads of one process with a GPU each, and {@code activation_checkpoint.memory_budget = "auto"} has room for it in addition to
     * everything that it keeps; otherwise off.
     */
    AUTO,
    /** Yes. An error if ranks share a GPU, or if the collectives cannot run on two streams at the same time. */
    ON,
    /** No. */
    OFF
}
