package io.moe4j.tests.contract.ops;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.tests.contract.Rounding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/** Elements of any type as doubles, in the bytes of a device. */
final class DoubleElements {
    private DoubleElements() {}

    /** The bytes of a device as {@link #get} and {@link #put} take them. */
    static ByteBuffer of(byte[] image) {
        return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    }

    static void put(ByteBuffer bytes, DType dtype, long index, double value) {
        int at = Math.toIntExact(index * dtype.bytes());
        switch (dtype) {
            case F32 -> bytes.putFloat(at, (float) value);
            case BF16 -> bytes.putShort(at, Rounding.bf16Bits(value));
            case I32 -> bytes.putInt(at, (int) value);
            case I64 -> bytes.putLong(at, (long) value);
            case F8_E4M3 -> bytes.put(at, Float8.round((float) value));
        }
    }

    static double get(ByteBuffer bytes, DType dtype, long index) {
        int at = Math.toIntExact(index * dtype.bytes());
        return switch (dtype) {
            case F32 -> bytes.getFloat(at);
            case BF16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
            case I32 -> bytes.getInt(at);
            case I64 -> bytes.getLong(at);
            case F8_E4M3 -> Float8.widen(bytes.get(at));
        };
    }

    /** Numbers between −size and size that the type holds exactly. There are millions: {@link SplittableRandom} takes a tenth of the time of Random. */
    static double[] random(DType dtype, long count, double size, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] values = new double[Math.toIntExact(count)];
        for (int i = 0; i < values.length; i++) {
            values[i] = Rounding.to(dtype, random.nextDouble(-size, size));
        }
        return values;
    }

    static double[] random(DType dtype, long count, long seed) {
        return random(dtype, count, 1, seed);
    }
}
