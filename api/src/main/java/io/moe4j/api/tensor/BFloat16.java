package io.moe4j.api.tensor;

import io.moe4j.api.Stability;

/**
 * Conversions of {@link DType#BF16}: the upper half of a single.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class BFloat16 {
    private static final int QUIET = 0x40;

    private BFloat16() {}

    /** The nearest bfloat16, ties to even. NaN stays NaN: plain rounding could turn it into infinity, because a carry can clear its payload. */
    public static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> 16 | QUIET : (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /** The same number as a single; exact. */
    public static float widen(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
