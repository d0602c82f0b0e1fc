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
    I64(8);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether the type is a floating-point one. */
    public boolean isFloating() {
        return switch (this) {
            case F32, BF16 -> true;
            case I32, I64 -> false;
        };
    }

    /**
     * Whether fp32 arithmetic uses stored values without conversion: they are not widened when read, and not rounded when stored.
     *
     * @since 0.2.0
     */
    public boolean isSinglePrecision() {
        return switch (this) {
            case F32 -> true;
            case BF16, I32, I64 -> false;
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
