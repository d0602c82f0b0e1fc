package io.moe4j.api.comm.support;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.MemorySegment;

/**
 * Converts the elements of a row to fp32 and back: for Java kernels that sum rows in fp32 and round once.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public enum RowCodec {
    /** Rows of {@link DType#F32}. */
    F32(DType.F32) {
        @Override
        public void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D) {
            MemorySegment.copy(memory, JAVA_FLOAT_UNALIGNED, row, scratch_D, 0, scratch_D.length);
            for (int d = 0; d < sum_D.length; d++) {
                sum_D[d] += scratch_D[d];
            }
        }

        @Override
        public void store(float[] sum_D, MemorySegment memory, long row) {
            MemorySegment.copy(sum_D, 0, memory, JAVA_FLOAT_UNALIGNED, row, sum_D.length);
        }
    },
    /** Rows of {@link DType#BF16}. */
    BF16(DType.BF16) {
        @Override
        public void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D) {
            for (int d = 0; d < sum_D.length; d++) {
                sum_D[d] += BFloat16.widen(memory.get(JAVA_SHORT_UNALIGNED, row + 2L * d));
            }
        }

        @Override
        public void store(float[] sum_D, MemorySegment memory, long row) {
            for (int d = 0; d < sum_D.length; d++) {
                memory.set(JAVA_SHORT_UNALIGNED, row + 2L * d, BFloat16.round(sum_D[d]));
            }
        }
    };

    private final DType dtype;

    RowCodec(DType dtype) {
        this.dtype = dtype;
    }

    /** Bytes of an element. */
    public int bytes() {
        return dtype.bytes();
    }

    /**
     * Adds a row to a sum.
     *
     * @param row address of its first element
     * @param sum_D in and out
     * @param scratch_D as long as a row; its content is lost
     */
    public abstract void add(MemorySegment memory, long row, float[] sum_D, float[] scratch_D);

    /**
     * Rounds a sum to the row's type, once.
     *
     * @param row address of its first element
     */
    public abstract void store(float[] sum_D, MemorySegment memory, long row);
}
