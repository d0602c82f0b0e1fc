package io.moe4j.kernels.swiglu;

import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Reads and writes the elements of a row as fp32, whatever their stored type. */
enum RowElements {
    F32(4) {
        @Override
        FloatVector load(MemorySegment memory, long address) {
            return FloatVector.fromMemorySegment(ScalarBf16.FLOATS, memory, address, ByteOrder.nativeOrder());
        }

        @Override
        void store(MemorySegment memory, long address, FloatVector values) {
            values.intoMemorySegment(memory, address, ByteOrder.nativeOrder());
        }

        @Override
        float load1(MemorySegment memory, long address) {
            return memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
        }

        @Override
        void store1(MemorySegment memory, long address, float value) {
            memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
        }
    },
    BF16(2) {
        @Override
        FloatVector load(MemorySegment memory, long address) {
            return ScalarBf16.load(memory, address);
        }

        @Override
        void store(MemorySegment memory, long address, FloatVector values) {
            ScalarBf16.store(memory, address, values);
        }

        @Override
        float load1(MemorySegment memory, long address) {
            return ScalarBf16.load1(memory, address);
        }

        @Override
        void store1(MemorySegment memory, long address, float value) {
            ScalarBf16.store1(memory, address, value);
        }
    };

    private final int bytes;

    RowElements(int bytes) {
        this.bytes = bytes;
    }

    static RowElements of(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case BF16 -> BF16;
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException("rows of " + dtype + "; rows are F32 or BF16");
        };
    }

    int bytes() {
        return bytes;
    }

    /** Loads as many elements as a vector has lanes. */
    abstract FloatVector load(MemorySegment memory, long address);

    /** Stores as many elements as a vector has lanes, rounding to nearest even. */
    abstract void store(MemorySegment memory, long address, FloatVector values);

    /** Loads one element. */
    abstract float load1(MemorySegment memory, long address);

    /** Stores one element. */
    abstract void store1(MemorySegment memory, long address, float value);
}
