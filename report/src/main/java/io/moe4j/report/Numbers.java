package io.moe4j.report;

import java.math.BigDecimal;
import java.math.MathContext;
import org.jspecify.annotations.Nullable;

/** Numbers with as many digits as a curve shows. */
final class Numbers {
    private static final MathContext DIGITS = new MathContext(6);
    private static final double EXACT = 1L << 53;

    private Numbers() {}

    /** Whole numbers as they are, others with six significant digits; null for what is not finite. */
    static @Nullable Number shown(double value) {
        if (!Double.isFinite(value)) {
            return null;
        }
        if (value == Math.rint(value) && Math.abs(value) < EXACT) {
            return (long) value;
        }
        return new BigDecimal(value).round(DIGITS).doubleValue();
    }
}
