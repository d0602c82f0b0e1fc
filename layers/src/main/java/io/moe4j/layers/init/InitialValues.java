package io.moe4j.layers.init;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.CounterBits;
import io.moe4j.autograd.sharding.Initializer;
import java.util.Arrays;

/**
 * Initial values from a counter-based generator: the value of an element is a function of the seed, the parameter's name and the element's index in
 * the whole parameter only, so it does not depend on how the parameter is sharded. Two rounds of {@link CounterBits#mix} give random bits; the bits
 * give a probability, and the value is the quantile of that probability.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class InitialValues {
    private final long seed;
    private final QuantileTable quantiles = new QuantileTable();

    /** Values of a run. */
    public InitialValues(long seed) {
        this.seed = seed;
    }

    /** Ones. */
    public static Initializer ones() {
        return (first, into, at, count) -> Arrays.fill(into, at, at + count, 1);
    }

    /**
     * Zeros.
     *
     * @since 0.3.0
     */
    public static Initializer zeros() {
        return (first, into, at, count) -> Arrays.fill(into, at, at + count, 0);
    }

    /** Runs of {@code length} elements, alternately from {@code one} and from {@code other}. */
    public static Initializer alternating(long length, Initializer one, Initializer other) {
        return (first, into, at, count) -> {
            for (int done = 0; done < count;) {
                long run = (first + done) / length;
                int left = (int) Math.min(count - done, (run + 1) * length - first - done);
                (run % 2 == 0 ? one : other).values(first + done, into, at + done, left);
                done += left;
            }
        };
    }

    /** Normal, mean 0. */
    public Initializer normal(String name, double std) {
        return new Draws(CounterBits.key(seed, 1, name), std, 0, 1, quantiles);
    }

    /**
     * Uniform between {@code -bound} and {@code bound}: the middle of one of 2²⁴ equal intervals, selected by 24 random bits.
     *
     * @since 0.3.0
     */
    public Initializer uniform(String name, double bound) {
        long key = CounterBits.key(seed, 1, name);
        return (first, into, at, count) -> {
            for (int i = 0; i < count; i++) {
                long bits = CounterBits.mix(CounterBits.mix(key + (first + i) * CounterBits.STEP) ^ key);
                into[at + i] = (float) (bound * (((bits >>> 40) + 0.5) * 0x1p-23 - 1));
            }
        };
    }

    /** Truncated normal, mean 0: values are conditioned to lie within {@code cut} of 0. */
    public Initializer truncatedNormal(String name, double std, double cut) {
        double above = NormalQuantile.probabilityBelow(-cut / std);
        return new Draws(CounterBits.key(seed, 1, name), std, above, 1 - 2 * above, quantiles);
    }

    /**
     * Values {@code (float) (std · quantile(above + width · u))}, with u in the open interval (0, 1): the middle of one of 2⁵² equal parts. The table gives
     * the quantile within a known error. If that error leaves the rounded value uncertain (one element in 370), the exact quantile is computed. So every
     * element has exactly the bits of this definition.
     *
     * @param key the key; with an element's index it gives the element's bits
     */
    record Draws(long key, double std, double above, double width, QuantileTable quantiles) implements Initializer {
        private static final int BLOCK = 1024;
        private static final long ONE = Double.doubleToRawLongBits(1);

        @Override
        public void values(long first, float[] into, int at, int count) {
            long[] bits = new long[Math.min(BLOCK, count)];
            int[] undecided = new int[bits.length];
            for (int done = 0; done < count; done += BLOCK) {
                int block = Math.min(BLOCK, count - done);
                bits(first + done, bits, block);
                int open = decide(bits, block, into, at + done, undecided);
                for (int i = 0; i < open; i++) {
                    into[at + done + undecided[i]] = exact(probability(bits[undecided[i]]));
                }
            }
        }

        /** Each loop is small enough that the compiler unrolls and vectorises it. */
        private void bits(long first, long[] bits, int count) {
            long next = key + first * CounterBits.STEP;
            for (int i = 0; i < count; i++, next += CounterBits.STEP) {
                bits[i] = next;
            }
            for (int i = 0; i < count; i++) {
                bits[i] = CounterBits.mix(bits[i]);
            }
            for (int i = 0; i < count; i++) {
                bits[i] = CounterBits.mix(bits[i] ^ key);
            }
        }

        /** Sets the values that the table decides, and lists the positions of the others. The loop has no branch that depends on which they are. */
        private int decide(long[] bits, int count, float[] into, int at, int[] undecided) {
            double error = std * QuantileTable.ERROR;
            int open = 0;
            for (int i = 0; i < count; i++) {
                double fromMiddle = probability(bits[i]) - 0.5;
                double value = Math.copySign(std * quantiles.of(0.5 - Math.abs(fromMiddle)), fromMiddle);
                float low = (float) (value - error);
                into[at + i] = low;
                undecided[open] = i;
                open += low == (float) (value + error) ? 0 : 1;
            }
            return open;
        }

        private float exact(double probability) {
            return (float) (std * NormalQuantile.of(probability));
        }

        /** The first 52 bits as the mantissa of a number in [1, 2), less 1, plus half a unit in the last place; all steps are exact. */
        private double probability(long bits) {
            return above + width * (Double.longBitsToDouble(bits >>> 12 | ONE) - (1 - 0x1p-53));
        }
    }
}
