package io.moe4j.runtime.cpu.ops;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.BFloat16;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The product of one row with a matrix, as needed for each token that is generated. Each element of the matrix is used once, so the time is that of reading the
 * matrix; the BLAS would first copy it into the order that its kernels need. BF16 elements are widened in registers.
 *
 * @param a the row, as fp32
 * @param b (n, k): each element of the result is the product of {@code a} with one row of b
 */
record OneRow(long a, Rows b, Matmul x) {
    /** Columns of the result that one task computes: enough work for a task, unless rows are very short. */
    static final long COLUMNS = 32;
    private static final VectorSpecies<Integer> INTS = Lanes.F.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
            VectorShape.forBitSize(Lanes.F.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Whether this class can compute a product. The BLAS computes others. */
    static boolean is(Matmul x) {
        return x.m() == 1 && x.transposeB() && !x.transposeA() && x.k() > 0 && x.beta() == 0;
    }

    /** Computes columns {@code from} (inclusive) to {@code to} (exclusive) of the result, and writes them as fp32 to {@code out}. */
    void run(long from, long to, long out, float[] lanes) {
        for (long column = from; column < to; column++) {
            long row = b.addressOf(column, 0);
            float dot = b.narrow() ? narrowDot(row, lanes) : Flat.dot(a, row, b.columns(), lanes);
            Lanes.set(out, column - from, x.alpha() * dot);
        }
    }

    private float narrowDot(long row, float[] lanes) {
        FloatVector sum = FloatVector.zero(Lanes.F);
        FloatVector odd = FloatVector.zero(Lanes.F);
        long n = b.columns();
        long i = 0;
        for (; i <= n - 2L * Lanes.COUNT; i += 2L * Lanes.COUNT) {
            sum = Lanes.load(a, i).fma(wide(row, i), sum);
            odd = Lanes.load(a, i + Lanes.COUNT).fma(wide(row, i + Lanes.COUNT), odd);
        }
        float rest = 0;
        for (; i < n; i++) {
            rest = Math.fma(Lanes.get(a, i), BFloat16.widen(Lanes.getShort(row, i)), rest);
        }
        return Lanes.sum(sum.add(odd), lanes) + rest;
    }

    private static FloatVector wide(long row, long i) {
        ShortVector halves = ShortVector.fromMemorySegment(SHORTS, Lanes.ALL, row + 2 * i, ORDER);
        return ((IntVector) halves.convertShape(ZERO_EXTEND_S2I, INTS, 0)).lanewise(LSHL, 16).reinterpretAsFloats();
    }
}
