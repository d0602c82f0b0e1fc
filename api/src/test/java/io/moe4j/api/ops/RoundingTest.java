package io.moe4j.api.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Tests the bits of stochastic rounding. The contract kit of operations tests that devices round with them. */
class RoundingTest {
    private static final Rounding.Stochastic WHOLE = Rounding.Stochastic.of(42, "layers.0.weight", 7, 0);

    @Test
    void bitsDoNotDependOnHowAParameterIsSharded() {
        Rounding.Stochastic shard = Rounding.Stochastic.of(42, "layers.0.weight", 7, 5000);
        for (int i = 0; i < 100; i++) {
            assertEquals(WHOLE.bits(5000 + i), shard.bits(i));
        }
        assertNotEquals(WHOLE.key(), Rounding.Stochastic.of(42, "layers.0.weight", 8, 0).key());
        assertNotEquals(WHOLE.key(), Rounding.Stochastic.of(42, "layers.1.weight", 7, 0).key());
    }

    /** The sum of n uniform integers below 65536 is n · 32767.5 on average, with a standard deviation of √(n / 12) · 65536; the test allows four of these. */
    @Test
    void bitsAreUniform() {
        int n = 100_000;
        double sum = 0;
        int[] octants = new int[8];
        for (int i = 0; i < n; i++) {
            int bits = WHOLE.bits(i);
            assertTrue(bits >= 0 && bits < 65_536, "bits " + bits);
            sum += bits;
            octants[bits >>> 13]++;
        }
        assertEquals(n * 32767.5, sum, 4 * Math.sqrt(n / 12.0) * 65_536);
        for (int count : octants) {
            assertEquals(n / 8.0, count, 4 * Math.sqrt(n * 7 / 64.0));
        }
    }
}
