package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Whether a rank has a second stream, for what crosses links while its main stream computes. Results have the same bits either way.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Overlap {
    /** Where it is known to pay: nowhere yet. */
    AUTO,
    /** Yes. An error where ranks share a GPU, or where the collectives cannot run on two streams. */
    ON,
    /** No. */
    OFF
}
