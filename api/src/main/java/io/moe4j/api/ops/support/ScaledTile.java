package io.moe4j.api.ops.support;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.Float8;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Several rows of an operand with scales, widened to fp32 once, and then multiplied with many rows of another operand. Each sum has the same bits as with
 * {@link ScaledSum}: terms are added in the same order, and a product of two stored numbers is exact in fp32. It is faster because numbers are widened only
 * once, and because independent sums do not wait for each other. Not safe for use by several threads.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ScaledTile {
    /** The most rows of a tile. */
    public static final int ROWS = 64;

    private static final int GROUP = 8;

    private final MemorySegment memory;
    private final float[] widened = new float[256];
    private final float[] run = new float[ROWS];
    private final float[] factors = new float[MatmulOps.RUN];
    private final float[] sums = new float[ROWS];
    private float[] numbers = new float[0];
    private ScaledOperand b = new ScaledOperand(0, 0, 0, 0, 0, 0, 1, 1);
    private long first;
    private int rows;
    private long from;
    private long to;

    /** A tile of operands in this memory, which is addressed absolutely. */
    public ScaledTile(MemorySegment memory) {
        this.memory = memory;
        for (int bits = 0; bits < widened.length; bits++) {
            widened[bits] = Float8.widen((byte) bits);
        }
    }

    /** Loads {@code count} rows of b from {@code row} on, at most {@link #ROWS}, for sums over {@code begin} &le; k &lt; {@code end}. */
    public void load(ScaledOperand operand, long row, int count, long begin, long end) {
        b = operand;
        first = row;
        rows = count;
        from = begin;
        to = end;
        int size = Math.toIntExact((end - begin) * ROWS);
        if (numbers.length < size) {
            numbers = new float[size];
        }
        for (int j = 0; j < count; j++) {
            for (long k = begin; k < end; k++) {
                numbers[(int) (k - begin) * ROWS + j] = number(operand.number(row + j, k));
            }
        }
    }

    /** Σ a[i, k] · b[j, k] for each row j of the tile, in the order of the rows; overwritten by the next call. */
    public float[] sums(ScaledOperand a, long i) {
        Arrays.fill(sums, 0);
        for (long k = from; k < to;) {
            long begin = k;
            float scaleA = memory.get(JAVA_FLOAT_UNALIGNED, a.scale(i, k));
            long end = Math.min(Math.min(to, (k / MatmulOps.RUN + 1) * MatmulOps.RUN), Math.min(a.end(k), b.end(k)));
            int length = (int) (end - k);
            for (int t = 0; t < length; t++) {
                factors[t] = number(a.number(i, k + t));
            }
            for (int j = 0; j < rows; j += GROUP) {
                sumRun(length, (int) (k - from) * ROWS + j, j);
            }
            k = end;
            for (int j = 0; j < rows; j++) {
                sums[j] += run[j] * scaleA * memory.get(JAVA_FLOAT_UNALIGNED, b.scale(first + j, begin));
            }
        }
        return sums;
    }

    /** A group of independent sums, in local variables, so that none waits for another. */
    private void sumRun(int length, int at, int j) {
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        float sum4 = 0;
        float sum5 = 0;
        float sum6 = 0;
        float sum7 = 0;
        for (int t = 0; t < length; t++) {
            float factor = factors[t];
            int group = at + t * ROWS;
            sum0 += factor * numbers[group];
            sum1 += factor * numbers[group + 1];
            sum2 += factor * numbers[group + 2];
            sum3 += factor * numbers[group + 3];
            sum4 += factor * numbers[group + 4];
            sum5 += factor * numbers[group + 5];
            sum6 += factor * numbers[group + 6];
            sum7 += factor * numbers[group + 7];
        }
        run[j] = sum0;
        run[j + 1] = sum1;
        run[j + 2] = sum2;
        run[j + 3] = sum3;
        run[j + 4] = sum4;
        run[j + 5] = sum5;
        run[j + 6] = sum6;
        run[j + 7] = sum7;
    }

    private float number(long address) {
        return widened[memory.get(JAVA_BYTE, address) & 0xFF];
    }
}
