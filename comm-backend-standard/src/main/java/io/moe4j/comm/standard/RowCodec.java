package io.moe4j.comm.standard;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** How the elements of a row become fp32 numbers, and back. */
enum RowCodec {
    F32(4) {
        @Override
        void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D) {
            MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, row, scratch_D, 0, scratch_D.length);
            for (int d = 0; d < sum_D.length; d++) {
                sum_D[d] += scratch_D[d];
            }
        }

        @Override
        void store(float[] sum_D, MemorySegment memory, long row) {
            MemorySegment.copy(sum_D, 0, memory, JAVA_FLOAT_UNALIGNED, row, sum_D.length);
        }
    },
    BF16(2) {
        @Override
        void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D) {
            for (int d = 0; d < sum_D.length; d++) {
                sum_D[d] += Float.intBitsToFloat(memory.get(JAVA_SHORT_UNALIGNED, row + 2L * d) << 16);
            }
        }

        @Override
        void store(float[] sum_D, MemorySegment memory, long row) {
            for (int d = 0; d < sum_D.length; d++) {
                memory.set(JAVA_SHORT_UNALIGNED, row + 2L * d, bfloat16(sum_D[d]));
            }
        }
    };

    private final int bytes;

    RowCodec(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of an element. */
    int bytes() {
        return bytes;
    }

    /** Adds the row at an address. */
    abstract void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D);

    /** Rounds to the row's type, once. */
    abstract void store(float[] sum_D, MemorySegment memory, long row);

    /** To nearest, ties to even; a NaN stays one. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
