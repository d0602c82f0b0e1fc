package io.moe4j.layers.attention;

import io.moe4j.api.Stability;

/**
 * How queries are computed from the residual stream.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface QueryProjection {

    /** With one matrix. */
    record Direct() implements QueryProjection {}

    /**
     * Through a normalised latent of {@code rank} elements.
     *
     * @param rank elements of the latent, at least 1
     */
    record LowRank(long rank) implements QueryProjection {
        public LowRank {
            if (rank < 1) {
                throw new IllegalArgumentException(
                        "query latent of " + rank + " elements: it needs at least 1, or use Direct");
            }
        }
    }
}
