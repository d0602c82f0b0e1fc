package io.moe4j.runtime.cpu.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A product of matrices whose rows lie far apart has the same bits as that of matrices with adjacent rows. Each matrix is a block of 200 MB or more; the test
 * writes a few numbers into each, and the system provides memory only for the pages that hold them.
 */
class FarProductTest {
    private static final int M = 3;
    private static final int N = 5;
    private static final int K = 4;

    @ParameterizedTest
    @CsvSource({"false, false, 0", "false, true, 1", "true, false, 0.5", "true, true, 2"})
    void hasTheBitsOfOneWithAdjacentRows(boolean transposeA, boolean transposeB, float beta) {
        Blas blas = OpenBlas.open();
        float[] far = product(transposeA, transposeB, beta, FarProduct.LIMIT, FarProduct.LIMIT + 8, FarProduct.LIMIT,
                blas);
        assertArrayEquals(product(transposeA, transposeB, beta, 8, 8, 8, blas), far);
    }

    /** OpenBLAS gets no leading dimension beyond the limit. */
    @Test
    void isComputedOnCopies() {
        List<Sgemm> seen = new ArrayList<>();
        product(false, true, 0, 8, FarProduct.LIMIT, 8, seen::add);
        assertEquals(1, seen.size());
        assertFalse(FarProduct.isOne(seen.getFirst()), seen::toString);
    }

    @Test
    void rowsThatAreNearAreLeftWhereTheyAre() {
        int near = FarProduct.LIMIT - 1;
        assertFalse(FarProduct.isOne(Sgemm.of(M, N, K, 0, near, 0, near, 0, near)));
        assertTrue(FarProduct.isOne(Sgemm.of(M, N, K, 0, near, 0, near, 0, FarProduct.LIMIT)));
    }

    private static float[] product(boolean transposeA, boolean transposeB, float beta, int lda, int ldb, int ldc,
            Blas blas) {
        Random random = new Random(7);
        NativeHeap heap = new NativeHeap();
        long a = rows(transposeA ? K : M, transposeA ? M : K, lda, random, heap);
        long b = rows(transposeB ? N : K, transposeB ? K : N, ldb, random, heap);
        long c = rows(M, N, ldc, random, heap);
        try {
            Sgemm g = new Sgemm(transposeA, transposeB, M, N, K, 0.75f, a, lda, b, ldb, beta, c, ldc);
            if (FarProduct.isOne(g)) {
                FarProduct.compute(g, blas);
            } else {
                blas.sgemm(g);
            }
            float[] values = new float[M * N];
            for (int i = 0; i < values.length; i++) {
                values[i] = Addresses.ALL.get(ValueLayout.JAVA_FLOAT, place(c, i, N, ldc));
            }
            return values;
        } finally {
            heap.free(a);
            heap.free(b);
            heap.free(c);
        }
    }

    private static long rows(int rows, int width, int apart, Random random, NativeHeap heap) {
        long address = heap.allocate(((rows - 1L) * apart + width) * Float.BYTES);
        for (int i = 0; i < rows * width; i++) {
            Addresses.ALL.set(ValueLayout.JAVA_FLOAT, place(address, i, width, apart), random.nextFloat() - 0.5f);
        }
        return address;
    }

    private static long place(long address, int i, int width, int apart) {
        return address + ((long) (i / width) * apart + i % width) * Float.BYTES;
    }
}
