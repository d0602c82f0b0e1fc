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
    /** On where it is known to be at least 2% faster. That is nowhere yet, so this means off. */
    AUTO,
    /** Yes. An error where ranks share a GPU, or where the collectives cannot run on two streams at the same time. */
    ON,
    /** No. */
    OFF
}
