package io.moe4j.api.ops.support;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.Float8;
import java.lang.foreign.MemorySegment;

/**
 * The sum of products of two operands with scales, as {@link MatmulOps#matmul} defines it, one element at a time: the reference for faster kernels.
 *
 * <p>Example: a = [16, 16] with the scale 2, b = [1, 3] with the scale 0.5: the run's sum is 16 · 1 + 16 · 3 = 64, and the result 64 · 2 · 0.5 = 64.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ScaledSum {
    private final MemorySegment memory;
    private final float[] numbers = new float[256];

    /** Sums over operands in this memory, which is addressed absolutely. */
    public ScaledSum(MemorySegment memory) {
        this.memory = memory;
        for (int bits = 0; bits < numbers.length; bits++) {
            numbers[bits] = Float8.widen((byte) bits);
        }
    }

    /** Σ a[i, k] · b[j, k] for {@code from} &le; k &lt; {@code to}. */
    public float of(ScaledOperand a, long i, ScaledOperand b, long j, long from, long to) {
        float sum = 0;
        for (long k = from; k < to;) {
            float scaleA = memory.get(JAVA_FLOAT_UNALIGNED, a.scale(i, k));
            float scaleB = memory.get(JAVA_FLOAT_UNALIGNED, b.scale(j, k));
            long end = Math.min(Math.min(to, (k / MatmulOps.RUN + 1) * MatmulOps.RUN), Math.min(a.end(k), b.end(k)));
            float run = 0;
            for (; k < end; k++) {
                run += number(a.number(i, k)) * number(b.number(j, k));
            }
            sum += run * scaleA * scaleB;
        }
        return sum;
    }

    private float number(long address) {
        return numbers[memory.get(JAVA_BYTE, address) & 0xFF];
    }
}
