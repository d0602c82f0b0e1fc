package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;

/**
 * Initial values. The value of an element depends on nothing but its index, so that it is the same however a parameter is sharded, and in whatever
 * stretches its values are asked for. Safe for use by many threads.
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Initializer {

    /**
     * Gives the values of consecutive elements.
     *
     * @param first index of the first (row-major, in the whole parameter over all ranks)
     * @param into where they go, from {@code at}
     * @param count how many
     */
    void values(long first, float[] into, int at, int count);
}
