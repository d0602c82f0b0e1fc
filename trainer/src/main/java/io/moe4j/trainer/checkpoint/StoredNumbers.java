package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/** Numbers in files: little-endian, not aligned. Values that were read from bfloat16 are written back without loss. */
public final class StoredNumbers {
    private static final ValueLayout.OfFloat SINGLE = ValueLayout.JAVA_FLOAT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);

    private StoredNumbers() {}

    static void encode(float[] values, int from, int count, DType dtype, MemorySegment out) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(values, from, out, SINGLE, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out.set(SHORT, 2L * i, (short) (Float.floatToRawIntBits(values[from + i]) >>> 16));
                }
            }
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    dtype + " is no type of parameters; F32 and BF16 are");
        }
    }

    /** The same numbers in little-endian order: unchanged if the machine's order is that. */
    static MemorySegment littleEndian(MemorySegment numbers, DType dtype) {
        if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            return numbers;
        }
        MemorySegment swapped = MemorySegment.ofArray(new byte[Math.toIntExact(numbers.byteSize())]);
        switch (dtype.bytes()) {
            case Float.BYTES -> MemorySegment.copy(numbers, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, swapped, SINGLE, 0,
                    numbers.byteSize() / Float.BYTES);
            case Short.BYTES -> MemorySegment.copy(numbers, ValueLayout.JAVA_SHORT_UNALIGNED, 0, swapped, SHORT, 0,
                    numbers.byteSize() / Short.BYTES);
            default -> throw new IllegalArgumentException(
                    dtype + " is no type of parameters or buffers; F32 and BF16 are");
        }
        return swapped;
    }

    /** The index of the first of these little-endian numbers that is NaN or infinite; empty if there is none. */
    static OptionalLong firstNonFinite(MemorySegment numbers, DType dtype) {
        long count = numbers.byteSize() / dtype.bytes();
        switch (dtype) {
            case F32 -> {
                for (long i = 0; i < count; i++) {
                    if (!Float.isFinite(numbers.get(SINGLE, Float.BYTES * i))) {
                        return OptionalLong.of(i);
                    }
                }
            }
            case BF16 -> {
                for (long i = 0; i < count; i++) {
                    if (!Float.isFinite(BFloat16.widen(numbers.get(SHORT, Short.BYTES * i)))) {
                        return OptionalLong.of(i);
                    }
                }
            }
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    dtype + " is no type of parameters; F32 and BF16 are");
        }
        return OptionalLong.empty();
    }

    public static void decode(MemorySegment in, long fromElement, DType dtype, float[] values, int to, int count) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(in, SINGLE, fromElement * Float.BYTES, values, to, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    values[to + i] = BFloat16.widen(in.get(SHORT, 2 * (fromElement + i)));
                }
            }
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    dtype + " is no type of parameters; F32 and BF16 are");
        }
    }
}
