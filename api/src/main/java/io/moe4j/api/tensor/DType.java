package io.moe4j.api.tensor;

import io.moe4j.api.Stability;

/**
 * Element types.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public enum DType {
    /** IEEE 754 single precision. */
    F32(4),
    /** bfloat16: the upper half of a single, rounded to the nearest value, ties to even. */
    BF16(2),
    /** 32-bit signed integer: token ids, expert ids, counts, offsets. */
    I32(4),
    /** 64-bit signed integer: row addresses. */
    I64(8),
    /**
     * 8-bit floating point with 4 bits of exponent and 3 of fraction, see {@link Float8}. A tensor of this type has {@link Tensor#scales()}.
     *
     * @since 0.3.0
     */
    F8_E4M3(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether the type is a floating-point one; its elements may need scales. */
    public boolean isFloating() {
        return switch (this) {
            case F32, BF16, F8_E4M3 -> true;
            case I32, I64 -> false;
        };
    }

    /**
     * Whether the type has too small a range to stand alone: an element is its stored number times a scale, see {@link Tensor#scales()}.
     *
     * @since 0.3.0
     */
    public boolean isScaled() {
        return switch (this) {
            case F8_E4M3 -> true;
            case F32, BF16, I32, I64 -> false;
        };
    }

    /**
     * Whether elements are floating-point numbers without scales: the types that sums, norms and parameters have.
     *
     * @since 0.3.0
     */
    public boolean isPlainFloating() {
        return isFloating() && !isScaled();
    }

    /**
     * Whether fp32 arithmetic uses stored values without conversion: they are not widened when read, and not rounded when stored.
     *
     * @since 0.2.0
     */
    public boolean isSinglePrecision() {
        return switch (this) {
            case F32 -> true;
            case BF16, I32, I64, F8_E4M3 -> false;
        };
    }

    /**
     * Whether fp32 values are rounded when they are stored in this type.
     *
     * @since 0.2.0
     */
    public boolean isRounded() {
        return isFloating() && !isSinglePrecision();
    }
}
