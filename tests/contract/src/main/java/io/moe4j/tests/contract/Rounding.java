package io.moe4j.tests.contract;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;

/**
 * Unit roundoffs, and the rounding of values to a type, from which tolerances are derived.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.INTERNAL)
public final class Rounding {
    /** The unit roundoff of fp32 arithmetic: 24 significant bits, to nearest. */
    public static final double U32 = 0x1p-24;
    /** Absolute slack for results near the smallest normal number, which a kernel may flush. */
    public static final double TINY = 1e-36;

    private Rounding() {}

    /** The relative error of storing a result. */
    public static double stored(DType dtype) {
        return switch (dtype) {
            case F32, I32, I64 -> U32;
            case BF16 -> 0x1p-8;
            case F8_E4M3 -> 0x1p-4;
        };
    }

    /** The nearest value of the type. */
    public static double to(DType dtype, double value) {
        return switch (dtype) {
            case F32, I32, I64 -> (float) value;
            case BF16 -> Float.intBitsToFloat(bf16Bits(value) << 16);
            case F8_E4M3 -> Float8.widen(Float8.round((float) value));
        };
    }

    /** The bits of the nearest bf16, to even. NaN stays NaN. */
    public static short bf16Bits(double value) {
        return BFloat16.round((float) value);
    }

    /** Fails unless |actual − expected| ≤ bound; NaN fails. */
    public static void check(String what, double expected, double actual, double bound) {
        if (!(Math.abs(actual - expected) <= bound)) {
            throw new AssertionError(what + ": expected " + expected + " within " + bound + ", was " + actual);
        }
    }
}
