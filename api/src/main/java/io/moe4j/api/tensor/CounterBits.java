package io.moe4j.api.tensor;

import io.moe4j.api.Stability;

/**
 * Random bits from counters: the bits of an element are a function of a key and the element's index, so that any rank can draw any part of a tensor.
 * A counter is {@code key + index · STEP}, and {@link #mix} turns it into bits: SplitMix64 (Steele, Lea and Flood, 2014).
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CounterBits {
    /** The difference between the counters of neighbouring elements: 2⁶⁴ divided by the golden ratio, made odd. */
    public static final long STEP = 0x9E3779B97F4A7C15L;

    private CounterBits() {}

    /** The key of a tensor's {@code draw}th draw, from 1. */
    public static long key(long seed, long draw, String tensor) {
        long key = mix(seed + draw * STEP);
        for (int i = 0; i < tensor.length(); i++) {
            key = mix(key ^ tensor.charAt(i)) + STEP;
        }
        return key;
    }

    /** The finaliser: every bit of the result depends on every bit of {@code value}, and different values have different results. */
    public static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
