package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.CounterBits;

/**
 * How an updated parameter becomes a BF16 value.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface Rounding {

    /** To the nearest value, ties to even. */
    static Rounding nearest() {
        return new Nearest();
    }

    /** To the nearest value, ties to even: an update of less than 2⁻⁹ of the parameter is lost. */
    record Nearest() implements Rounding {}

    /**
     * Up or down at random: the probability of rounding up is the distance to the value below, as a fraction of the distance between the two values. The
     * expected result is exact, so small updates are not lost (Gupta et al., "Deep Learning with Limited Numerical Precision", 2015). The element's
     * {@link #bits} are added to the lower 16 of the 32 bits of a finite single, and the lower 16 are then cut off; values that are not finite stay as
     * they are. The bits depend only on their arguments, so the result does not depend on how a parameter is sharded.
     *
     * @param key the key of this parameter in this step
     * @param firstElement index of the first element in the whole parameter
     */
    record Stochastic(long key, long firstElement) implements Rounding {
        /** A key for a parameter in a step, from 1. */
        public static Stochastic of(long seed, String parameter, long step, long firstElement) {
            return new Stochastic(CounterBits.key(seed, step, parameter), firstElement);
        }

        /**
         * The counter that the bits of element {@code i} are drawn from: {@code bits(i) = mix(counter(0) + i · STEP) >>> 48}, see
         * {@link CounterBits}.
         */
        public long counter(long i) {
            return key + (firstElement + i) * CounterBits.STEP;
        }

        /** 16 random bits for element {@code i} of this call's parameter. */
        public int bits(long i) {
            return (int) (CounterBits.mix(counter(i)) >>> 48);
        }
    }
}
