package io.moe4j.trainer.checkpoint;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Numbers in files: little-endian, not aligned. Values that have come from a bfloat16 are written back without loss. */
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
