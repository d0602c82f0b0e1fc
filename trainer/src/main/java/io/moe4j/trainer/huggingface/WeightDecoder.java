package io.moe4j.trainer.huggingface;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.safetensors.StoredType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Converts weights in files to single precision. All conversions are exact. */
final class WeightDecoder {
    private static final ValueLayout.OfFloat SINGLE = ValueLayout.JAVA_FLOAT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED
            .withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int E4M3_MAGNITUDE = 0x7f;

    private WeightDecoder() {}

    /** Whether weights may have this type. */
    static boolean reads(StoredType type) {
        return switch (type) {
            case F32, F16, BF16, F8_E4M3 -> true;
            case F64, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8, BOOL -> false;
        };
    }

    /**
     * Converts consecutive elements.
     *
     * @param data the bytes of the tensor
     * @param from index of the first element
     * @param to index in {@code values} of the first element
     */
    static void decode(StoredType type, MemorySegment data, long from, float[] values, int to, int count) {
        switch (type) {
            case F32 -> MemorySegment.copy(data, SINGLE, from * Float.BYTES, values, to, count);
            case F16 -> {
                short[] halves = shorts(data, from, count);
                for (int i = 0; i < count; i++) {
                    values[to + i] = Float.float16ToFloat(halves[i]);
                }
            }
            case BF16 -> {
                short[] halves = shorts(data, from, count);
                for (int i = 0; i < count; i++) {
                    values[to + i] = BFloat16.widen(halves[i]);
                }
            }
            case F8_E4M3 -> {
                byte[] bytes = data.asSlice(from, count).toArray(ValueLayout.JAVA_BYTE);
                for (int i = 0; i < count; i++) {
                    values[to + i] = e4m3(bytes[i]);
                }
            }
            case F64, F8_E5M2, F8_E8M0, I64, I32, I16, I8, U64, U32, U16, U8,
                    BOOL -> throw new IllegalArgumentException(
                            type + " is no type of weights");
        }
    }

    /** Converts an FP8 number (E4M3). Examples: 0x38 is 1, 0x7e is 448, the largest, 0x01 is 2^-9, the smallest; 0x7f and 0xff are NaN. */
    static float e4m3(byte bits) {
        if ((bits & E4M3_MAGNITUDE) == E4M3_MAGNITUDE) {
            return Float.NaN;
        }
        // Shift exponent and fraction to their places in single precision. Its exponent has a bias of 127, E4M3's has 7: multiplying by 2^120 corrects this,
        // for numbers below 2^-6 (subnormal in E4M3) too.
        float magnitude = Float.intBitsToFloat((bits & E4M3_MAGNITUDE) << 20) * 0x1p120f;
        return bits < 0 ? -magnitude : magnitude;
    }

    private static short[] shorts(MemorySegment data, long from, int count) {
        short[] shorts = new short[count];
        MemorySegment.copy(data, SHORT, from * Short.BYTES, shorts, 0, count);
        return shorts;
    }
}
