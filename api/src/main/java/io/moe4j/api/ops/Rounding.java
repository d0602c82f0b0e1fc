package io.moe4j.api.ops;

import io.moe4j.api.Stability;

/** How an updated parameter becomes a BF16 value. */
@Stability(Stability.Level.EVOLVING)
public sealed interface Rounding {

    /** To the nearest value, ties to even. */
    static Rounding nearest() {
        return new Nearest();
    }

    /** To the nearest value, ties to even: an update of less than 2⁻⁹ of the parameter is lost. */
    record Nearest() implements Rounding {}

    /**
     * Up or down, up with a probability that is the distance to the value below, in units of that to the value above: right on average, so that
     * small updates are not lost (Gupta et al., "Deep Learning with Limited Numerical Precision", 2015). Of a finite single's 32 bits,
     * {@link #bits} of the element are added to the lower 16, which are then cut off; values that are not finite stay as they are.
     * Bits depend on nothing but their arguments: the same values in, the same values out, however a parameter is sharded.
     *
     * @param key of this parameter in this step
     * @param firstElement index of the first element in the whole parameter
     */
    record Stochastic(long key, long firstElement) implements Rounding {
        private static final long GOLDEN = 0x9E3779B97F4A7C15L;

        /** A key for a parameter in a step, from 1. */
        public static Stochastic of(long seed, String parameter, long step, long firstElement) {
            long key = mix(seed + step * GOLDEN);
            for (int i = 0; i < parameter.length(); i++) {
                key = mix(key ^ parameter.charAt(i)) + GOLDEN;
            }
            return new Stochastic(key, firstElement);
        }

        /** What bits of element {@code i} are drawn with: {@code bits(i) = mix(counter(0) + i · 0x9E3779B97F4A7C15) >>> 48}. */
        public long counter(long i) {
            return key + (firstElement + i) * GOLDEN;
        }

        /** 16 random bits for element {@code i} of this call's parameter. */
        public int bits(long i) {
            return (int) (mix(counter(i)) >>> 48);
        }

        /** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
        private static long mix(long value) {
            long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return z ^ z >>> 31;
        }
    }
}
