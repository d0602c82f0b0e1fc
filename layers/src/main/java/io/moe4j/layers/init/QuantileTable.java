package io.moe4j.layers.init;

/**
 * An approximation of {@link NormalQuantile}: cubic polynomials on intervals of the probability, without logarithms, roots and divisions. The result
 * differs from the exact value by at most {@link #ERROR}; if both ends of that range round to the same number, so does the exact value.
 *
 * <p>The tail probability r = min(p, 1 - p) is cut into intervals by its floating-point form: the exponent and the first {@value #INDEX_BITS} bits of
 * its mantissa number the interval, the other bits are the position t in it, from 0 to 1. For example r = 0.375 = 1.5 · 2⁻² lies at the start of
 * interval 128 of the binade [1/4, 1/2), whose intervals are 2⁻¹⁰ wide. On each, the polynomial has the value and the slope of the quantile function
 * at both ends (Hermite), so its error is at most w⁴ / 384 · max |f⁗|, for an interval of width w.
 */
final class QuantileTable {
    /**
     * A bound of the error. The error of the polynomials is less than half of it; the rest covers the rounding errors of both computations, scaled or
     * not.
     */
    static final double ERROR = 0x1p-38;

    /** The smallest tail probability that has an interval: about one value in 500 is below it. */
    static final double SMALLEST = 0x1p-10;

    private static final int INDEX_BITS = 8;
    private static final int PLACE_BITS = 52 - INDEX_BITS;
    private static final int INTERVALS = 9 << INDEX_BITS;
    private static final long FIRST = Double.doubleToRawLongBits(SMALLEST) >>> PLACE_BITS;
    private static final long PLACE = (1L << PLACE_BITS) - 1;
    private static final long ONE = Double.doubleToRawLongBits(1);

    /** Four coefficients of t for each interval, from the lowest power up. */
    private final double[] coefficients = new double[4 * INTERVALS];

    QuantileTable() {
        double high = -NormalQuantile.of(start(0));
        double steep = slope(high);
        for (int i = 0; i < INTERVALS; i++) {
            double from = start(i);
            double to = start(i + 1);
            double low = high;
            double slopeLow = (to - from) * steep;
            high = -NormalQuantile.of(to);
            steep = slope(high);
            double slopeHigh = (to - from) * steep;
            coefficients[4 * i] = low;
            coefficients[4 * i + 1] = slopeLow;
            coefficients[4 * i + 2] = 3 * (high - low) - 2 * slopeLow - slopeHigh;
            coefficients[4 * i + 3] = 2 * (low - high) + slopeLow + slopeHigh;
        }
    }

    /** The value that a standard normal variable exceeds with probability {@code tail}, in [0, 0.5]; NaN where there is no interval. */
    double of(double tail) {
        long bits = Double.doubleToRawLongBits(tail);
        int interval = (int) ((bits >>> PLACE_BITS) - FIRST);
        if (interval < 0 || interval >= INTERVALS) {
            return Double.NaN;
        }
        double t = Double.longBitsToDouble((bits & PLACE) << INDEX_BITS | ONE) - 1;
        int at = 4 * interval;
        return coefficients[at]
                + t * (coefficients[at + 1] + t * (coefficients[at + 2] + t * coefficients[at + 3]));
    }

    static int intervals() {
        return INTERVALS;
    }

    /** Where an interval begins, or the last one ends. */
    static double start(int interval) {
        return Double.longBitsToDouble((FIRST + interval) << PLACE_BITS);
    }

    /** The derivative of the quantile with respect to the tail probability, at the value z: -1 / φ(z). */
    private static double slope(double z) {
        return -Math.sqrt(2 * Math.PI) * Math.exp(z * z / 2);
    }
}
