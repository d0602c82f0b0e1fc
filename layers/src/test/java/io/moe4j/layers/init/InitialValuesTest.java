package io.moe4j.layers.init;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.sharding.Initializer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class InitialValuesTest {
    private static final int N = 200_000;

    @Test
    void quantilesAreThoseOfTheTables() {
        assertEquals(0, NormalQuantile.of(0.5));
        assertEquals(1.959963984540054, NormalQuantile.of(0.975), 1e-14);
        assertEquals(-3.090232306167814, NormalQuantile.of(0.001), 1e-14);
        assertEquals(-6.361340902404056, NormalQuantile.of(1e-10), 1e-13);
        assertEquals(0.9986501019683699, NormalQuantile.probabilityBelow(3), 1e-15);
        assertEquals(0, NormalQuantile.probabilityBelow(-100), 1e-300);
    }

    /** Bounds are five standard errors of N independent draws. */
    @Test
    void momentsAreThoseOfTheDistribution() {
        Initializer values = new InitialValues(1).normal("w", 2);
        assertEquals(0, moment(values, 1), 5 * 2 / Math.sqrt(N));
        assertEquals(4, moment(values, 2), 5 * 4 * Math.sqrt(2.0 / N));
    }

    /** Of a standard normal cut at 3 the variance is 1 - 6 φ(3) / (2 Φ(3) - 1) = 0.97334. */
    @Test
    void cutValuesStayInsideWithoutPilingUp() {
        Initializer values = new InitialValues(2).truncatedNormal("w", 0.5, 1.5);
        for (float value : first(values)) {
            assertTrue(Math.abs(value) <= 1.5f);
        }
        assertEquals(0.25 * 0.97334, moment(values, 2), 5 * 0.25 * Math.sqrt(2.0 / N));
    }

    @Test
    void seedAndNameAndIndexEachMatter() {
        float value = value(new InitialValues(1).normal("a", 1), 7);
        assertEquals(value, value(new InitialValues(1).normal("a", 1), 7));
        assertNotEquals(value, value(new InitialValues(2).normal("a", 1), 7));
        assertNotEquals(value, value(new InitialValues(1).normal("b", 1), 7));
        assertNotEquals(value, value(new InitialValues(1).normal("a", 1), 8));
    }

    /** Indices of the first and of the last experts of a large model, every stretch cut differently. */
    @Test
    void everyElementHasTheBitsOfItsDefinition() {
        for (long first : new long[] {0, 1, 1_000_003, 64L * 2816 * 2048 - 5, 1L << 40}) {
            for (double[] stdAndCut : new double[][] {{0.02, 2}, {0.02 / Math.sqrt(54), 2}, {1 / 45.25, 3 / 45.25}}) {
                Initializer values = new InitialValues(42).truncatedNormal("w", stdAndCut[0], stdAndCut[1]);
                double above = NormalQuantile.probabilityBelow(-stdAndCut[1] / stdAndCut[0]);
                assertBits(values, first, new Definition(42, "w", stdAndCut[0], above, 1 - 2 * above));
            }
            assertBits(new InitialValues(7).normal("e", 1), first, new Definition(7, "e", 1, 0, 1));
        }
    }

    @Test
    void runsAlternateWhereverTheyAreCut() {
        Initializer one = (first, into, at, count) -> fill(into, at, count, first, 1);
        Initializer other = (first, into, at, count) -> fill(into, at, count, first, -1);
        Initializer both = InitialValues.alternating(3, one, other);
        float[] whole = {0, 1, 2, -3, -4, -5, 6, 7, 8, -9, -10};
        for (int from = 0; from < whole.length; from++) {
            for (int count = 0; count <= whole.length - from; count++) {
                float[] part = new float[whole.length];
                both.values(from, part, from, count);
                assertArrayEquals(Arrays.copyOfRange(whole, from, from + count),
                        Arrays.copyOfRange(part, from, from + count));
            }
        }
    }

    private static void fill(float[] into, int at, int count, long first, int sign) {
        for (int i = 0; i < count; i++) {
            into[at + i] = sign * (first + i);
        }
    }

    private static void assertBits(Initializer values, long first, Definition definition) {
        float[] block = new float[N + 1];
        values.values(first, block, 1, N);
        for (int i = 0; i < N; i++) {
            float expected = definition.value(first + i);
            assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(block[1 + i]),
                    () -> definition + ": " + expected);
        }
    }

    private static float[] first(Initializer values) {
        float[] block = new float[N];
        values.values(0, block, 0, N);
        return block;
    }

    private static float value(Initializer values, long index) {
        float[] block = new float[1];
        values.values(index, block, 0, 1);
        return block[0];
    }

    private static double moment(Initializer values, int power) {
        double sum = 0;
        for (float value : first(values)) {
            sum += Math.pow(value, power);
        }
        return sum / N;
    }

    /** One element at a time, with nothing approximated. */
    private record Definition(long seed, String name, double std, double above, double width) {
        private static final long GOLDEN = 0x9E3779B97F4A7C15L;

        float value(long index) {
            long key = mix(seed + GOLDEN);
            for (int i = 0; i < name.length(); i++) {
                key = mix(key ^ name.charAt(i)) + GOLDEN;
            }
            double uniform = ((mix(mix(key + index * GOLDEN) ^ key) >>> 12) + 0.5) * 0x1p-52;
            return (float) (std * NormalQuantile.of(above + width * uniform));
        }

        private static long mix(long value) {
            long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            return z ^ z >>> 31;
        }
    }
}
