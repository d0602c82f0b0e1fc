package io.moe4j.autograd.sharding;

import io.moe4j.api.Stability;

/** Initial values. The value of an element depends on nothing but its index, so that it is the same however a parameter is sharded. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Initializer {

    /** The value of element {@code index} (row-major, in the whole parameter over all ranks). */
    float value(long index);
}
