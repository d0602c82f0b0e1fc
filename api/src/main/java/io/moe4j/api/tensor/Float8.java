package io.moe4j.api.tensor;

import io.moe4j.api.Stability;

/**
 * Conversions of {@link DType#F8_E4M3}, as in the OCP specification of 8-bit floating point (2023): one sign bit, 4 bits of exponent with bias 7,
 * 3 bits of fraction. The largest number is 448, the smallest positive one 2⁻⁹. There is no infinity, and one NaN for each sign: 0x7F and 0xFF.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Float8 {
    /** The largest number. */
    public static final float MAX = 448;

    private static final int NAN = 0x7F;
    private static final int LARGEST = 0x7E;
    private static final int SIGN = 0x80;
    private static final float SMALLEST = 0x1p-9f;
    private static final float SMALLEST_NORMAL = 0x1p-6f;

    private Float8() {}

    /** The nearest number of the type, ties to even. Larger numbers, infinity included, become 448, as they do on CUDA; NaN is 0x7F. */
    public static byte round(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 24 & SIGN;
        float size = Math.abs(value);
        if (Float.isNaN(value)) {
            return (byte) NAN;
        }
        if (size >= MAX) {
            return (byte) (sign | LARGEST);
        }
        if (size < SMALLEST_NORMAL) {
            // Multiples of 2⁻⁹; 8 of them are the smallest normal number, whose bits are 8 too.
            return (byte) (sign | (int) Math.rint(size / SMALLEST));
        }
        int bits = Float.floatToRawIntBits(size);
        int rounded = bits + 0x7FFFF + (bits >>> 20 & 1);
        return (byte) (sign | Math.min((rounded >>> 20) - ((127 - 7) << 3), LARGEST));
    }

    /** The same number as a single; exact. */
    public static float widen(byte bits) {
        int exponent = (bits >>> 3) & 0xF;
        int fraction = bits & 7;
        if ((bits & NAN) == NAN) {
            return Float.NaN;
        }
        float size = exponent == 0
                ? fraction * SMALLEST
                : Float.intBitsToFloat((exponent + 127 - 7) << 23 | fraction << 20);
        return bits < 0 ? -size : size;
    }

    /**
     * The scale of a block whose largest absolute value is {@code largest}, see {@link io.moe4j.api.ops.ScalingOps}; NaN for NaN.
     *
     * @since 0.3.0
     */
    public static float scale(float largest) {
        return Math.max(largest / MAX, Float.MIN_NORMAL);
    }
}
