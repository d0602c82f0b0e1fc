package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import java.lang.foreign.Arena;

/**
 * A product of matrices whose rows lie very far apart, computed on copies whose rows are adjacent.
 *
 * <p>OpenBLAS's kernels for small products with vectors of 512 bits multiply a leading dimension by the number of a row in 32 bits (0.3.31,
 * {@code sgemm_small_kernel_nt}). With rows 2³⁰ elements apart, the third would be read 8 GiB before the matrix, which ends the process.
 */
final class FarProduct {
    /** Rows that are fewer elements apart are not copied: 127 times this number fits into 32 bits, and no kernel reads more rows at once. */
    static final int LIMIT = 1 << 24;

    private FarProduct() {}

    static boolean isOne(Sgemm g) {
        return g.lda() >= LIMIT || g.ldb() >= LIMIT || g.ldc() >= LIMIT;
    }

    static void compute(Sgemm g, Blas blas) {
        int rowsOfA = g.transposeA() ? g.k() : g.m();
        int widthOfA = g.transposeA() ? g.m() : g.k();
        int rowsOfB = g.transposeB() ? g.n() : g.k();
        int widthOfB = g.transposeB() ? g.k() : g.n();
        try (Arena arena = Arena.ofConfined()) {
            long a = copyOf(g.a(), g.lda(), rowsOfA, widthOfA, arena);
            long b = copyOf(g.b(), g.ldb(), rowsOfB, widthOfB, arena);
            long c = g.beta() == 0 ? room(g.m(), g.n(), arena) : copyOf(g.c(), g.ldc(), g.m(), g.n(), arena);
            blas.sgemm(new Sgemm(g.transposeA(), g.transposeB(), g.m(), g.n(), g.k(), g.alpha(), a, near(widthOfA), b,
                    near(widthOfB), g.beta(), c, near(g.n())));
            copy(c, g.n(), g.c(), g.ldc(), g.m(), g.n());
        }
    }

    private static long copyOf(long from, int apart, int rows, int width, Arena arena) {
        long to = room(rows, width, arena);
        copy(from, apart, to, width, rows, width);
        return to;
    }

    private static long room(int rows, int width, Arena arena) {
        return arena.allocate(Math.max(1L, (long) rows * width) * Float.BYTES, Float.BYTES).address();
    }

    /** The leading dimension of the copies: the width, but at least 1. */
    private static int near(int width) {
        return Math.max(1, width);
    }

    private static void copy(long from, int fromApart, long to, int toApart, int rows, int width) {
        for (long row = 0; row < rows; row++) {
            Addresses.copy(from + row * fromApart * Float.BYTES, to + row * toApart * Float.BYTES,
                    (long) width * Float.BYTES);
        }
    }
}
