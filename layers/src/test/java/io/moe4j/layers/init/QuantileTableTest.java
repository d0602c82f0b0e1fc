package io.moe4j.layers.init;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class QuantileTableTest {
    private final QuantileTable table = new QuantileTable();

    /** 1.5 · 2⁻² begins interval 128 of the last binade; there the polynomial is the quantile. */
    @Test
    void intervalsBeginWhereTheCommentSays() {
        assertEquals(0.375, QuantileTable.start(8 * 256 + 128));
        assertEquals(-NormalQuantile.of(0.375), table.of(0.375));
        assertEquals(QuantileTable.SMALLEST, QuantileTable.start(0));
        assertEquals(0.5, QuantileTable.start(QuantileTable.intervals()));
    }

    /**
     * A cubic with the values and slopes of f at both ends of an interval of width w errs by at most w⁴ / 384 · max |f⁗|; for quantiles over the tail
     * probability f⁗ = (7z + 6z³) / φ(z)⁴, which grows towards the tail. The roundings are those of a few operations on numbers below 8, at
     * most 1e-14, and of tail probabilities, 2⁻⁵⁴ with a slope below 2¹⁰: much less than the other half.
     */
    @Test
    void interpolationTakesLessThanHalfOfTheError() {
        for (int i = 0; i < QuantileTable.intervals(); i++) {
            double width = QuantileTable.start(i + 1) - QuantileTable.start(i);
            double z = -NormalQuantile.of(QuantileTable.start(i));
            double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
            double bound = Math.pow(width, 4) / 384 * (7 * z + 6 * z * z * z) / Math.pow(density, 4);
            assertTrue(bound <= QuantileTable.ERROR / 2, "interval " + i + ": " + bound);
        }
    }

    @Test
    void everyIntervalStaysWithinTheErrorThroughout() {
        Random random = new Random(3);
        for (int i = 0; i < QuantileTable.intervals(); i++) {
            double from = QuantileTable.start(i);
            double width = QuantileTable.start(i + 1) - from;
            for (int k = 0; k < 64; k++) {
                double tail = from + width * random.nextDouble();
                assertEquals(-NormalQuantile.of(tail), table.of(tail), QuantileTable.ERROR, "at " + tail);
            }
        }
    }

    @Test
    void outsideThereIsNoAnswer() {
        assertTrue(Double.isNaN(table.of(Math.nextDown(QuantileTable.SMALLEST))));
        assertTrue(Double.isNaN(table.of(0x1p-53)));
        assertTrue(Double.isNaN(table.of(0)));
        assertTrue(Double.isNaN(table.of(0.5)));
    }
}
