package io.moe4j.api.group;

import io.moe4j.api.Stability;

/**
 * What the other ranks are told of a failure.
 *
 * @param rank world rank that failed
 * @param phase what it was doing, such as {@code "step 3, dispatch"}
 * @param message its error
 */
@Stability(Stability.Level.STABLE)
public record RankFailure(int rank, String phase, String message) {}
