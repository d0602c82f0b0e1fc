package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;

/**
 * Initial values. The value of an element depends only on its index, so that it is the same however a parameter is sharded, and however its values
 * are split over calls. Safe for use by many threads.
 *
 * @since 0.1.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Initializer {

    /**
     * Gives the values of consecutive elements.
     *
     * @param first index of the first (row-major, in the whole parameter over all ranks)
     * @param into the array for the values, filled from index {@code at}
     * @param count number of values
     */
    void values(long first, float[] into, int at, int count);
}
