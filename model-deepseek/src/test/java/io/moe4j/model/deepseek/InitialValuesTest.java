package io.moe4j.model.deepseek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.autograd.sharding.Initializer;
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
        for (int i = 0; i < N; i++) {
            assertTrue(Math.abs(values.value(i)) <= 1.5f);
        }
        assertEquals(0.25 * 0.97334, moment(values, 2), 5 * 0.25 * Math.sqrt(2.0 / N));
    }

    @Test
    void seedAndNameAndIndexEachMatter() {
        float value = new InitialValues(1).normal("a", 1).value(7);
        assertEquals(value, new InitialValues(1).normal("a", 1).value(7));
        assertNotEquals(value, new InitialValues(2).normal("a", 1).value(7));
        assertNotEquals(value, new InitialValues(1).normal("b", 1).value(7));
        assertNotEquals(value, new InitialValues(1).normal("a", 1).value(8));
    }

    private static double moment(Initializer values, int power) {
        double sum = 0;
        for (int i = 0; i < N; i++) {
            sum += Math.pow(values.value(i), power);
        }
        return sum / N;
    }
}
