package io.moe4j.safetensors;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The element types that a file can have. This project computes with those that have a {@link DType}; others are converted when a published model that has
 * them is read.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum StoredType {
    /** IEEE 754 double precision. */
    F64(8),
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 half precision. */
    F16(2),
    /** bfloat16. */
    BF16(2),
    /** 8 bits: sign, 4 of the exponent, 3 of the fraction; no infinities. */
    F8_E4M3(1),
    /** 8 bits: sign, 5 of the exponent, 2 of the fraction. */
    F8_E5M2(1),
    /** 8 bits: a power of two. */
    F8_E8M0(1),
    /** 64-bit signed integer. */
    I64(8),
    /** 32-bit signed integer. */
    I32(4),
    /** 16-bit signed integer. */
    I16(2),
    /** 8-bit signed integer. */
    I8(1),
    /** 64-bit unsigned integer. */
    U64(8),
    /** 32-bit unsigned integer. */
    U32(4),
    /** 16-bit unsigned integer. */
    U16(2),
    /** 8-bit unsigned integer. */
    U8(1),
    /** One byte for each truth value. */
    BOOL(1);

    private final int bytes;

    StoredType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** The type that this project computes with, if it is one of those. */
    public Optional<DType> dtype() {
        return Arrays.stream(DType.values()).filter(each -> each.name().equals(name())).findFirst();
    }

    /** The type in a file. */
    static StoredType of(DType dtype) {
        return valueOf(dtype.name());
    }

    static Optional<StoredType> named(String name) {
        return Arrays.stream(values()).filter(each -> each.name().equals(name)).findFirst();
    }

    static List<StoredType> all() {
        return List.of(values());
    }
}
