package io.moe4j.api.group;

import io.moe4j.api.Stability;

/**
 * A failure as it is reported to the other ranks.
 *
 * @param rank world rank that failed
 * @param phase what it was doing, such as {@code "step 3, dispatch"}
 * @param message its error
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public record RankFailure(int rank, String phase, String message) {

    /** The failure of a rank. */
    public static RankFailure of(int rank, String phase, String message) {
        return new RankFailure(rank, phase, message);
    }
}
