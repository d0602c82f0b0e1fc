package io.moe4j.runtime.cpu.product;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.CpuLaunch.Sgemm;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Blas;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares products of random shapes with sums in double precision; memory around the result must not change. */
class VectorProductsTest {
    private static final Blas NONE = g -> {
        throw new AssertionError("left to the other BLAS: " + g);
    };
    private static final float NAN = Float.intBitsToFloat(0x7fc12345);

    static IntStream cases() {
        return IntStream.range(0, 60);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithSumsInDoublePrecision(int seed) {
        Random random = new Random(seed);
        boolean transposeA = random.nextBoolean();
        boolean transposeB = random.nextBoolean();
        int m = (transposeA ? 16 : 1) + random.nextInt(seed % 2 == 0 ? 40 : 210);
        int k = 16 + random.nextInt(seed % 3 == 0 ? 700 : 60);
        int n = Math.ceilDiv(VectorProducts.SMALL, transposeA ? Math.min(m, k) : k) + random.nextInt(70);
        float alpha = random.nextBoolean() ? 1 : random.nextFloat() - 0.5f;
        float beta = new float[] {0, 1, 0.5f}[random.nextInt(3)];
        try (Arena arena = Arena.ofConfined()) {
            Case one = new Case(transposeA, transposeB, m, n, k, random, arena);
            Sgemm g = one.product(alpha, beta);
            double[] expected = one.expected(g);
            new VectorProducts(NONE).sgemm(g);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < g.ldc(); j++) {
                    float value = get(g.c(), (long) i * g.ldc() + j);
                    if (j >= n) {
                        assertEquals(Float.floatToRawIntBits(NAN), Float.floatToRawIntBits(value),
                                "beyond the row's end: " + i + ", " + j);
                    } else {
                        // Each of at most k + parts + 2 roundings is at most 2^-24 of the sum of all absolute values, which is at most k/4 + 1.
                        double bound = (k + 4) * (k / 4.0 + 1) * 0x1p-24;
                        assertEquals(expected[i * n + j], value, bound, g + ": element " + i + ", " + j);
                    }
                }
            }
        }
    }

    /** The example of MicroKernel, with terms of zeros added. */
    @Test
    void multipliesRowsWithColumns() {
        float[] a = new float[RowCopies.ELEMENTS];
        float[] b = new float[2 * MicroKernel.COLUMNS];
        a[RowCopies.place(0)] = 1;
        a[RowCopies.place(0) + 1] = 2;
        b[0] = 3;
        b[MicroKernel.COLUMNS] = 4;
        float[] sums = new float[MicroKernel.ROWS * MicroKernel.COLUMNS];
        MicroKernel.multiply(a, RowCopies.place(0), b, 0, 2, sums);
        assertEquals(11, sums[0]);
        assertEquals(0, sums[1]);
    }

    /** A row has the same bits alone and as one of many rows, at any place. */
    @Test
    void aRowDoesNotDependOnOthers() {
        Random random = new Random(5);
        int m = 150;
        try (Arena arena = Arena.ofConfined()) {
            Case all = new Case(false, true, m, 70, 300, random, arena);
            Sgemm g = all.product(0.7f, 0);
            Blas products = new VectorProducts(NONE);
            products.sgemm(g);
            long row = arena.allocate(70L * Float.BYTES, 64).address();
            for (int i = 0; i < m; i++) {
                products.sgemm(new Sgemm(false, true, 1, 70, 300, 0.7f, g.a() + 4L * i * g.lda(), g.lda(), g.b(),
                        g.ldb(), 0, row, 70));
                for (int j = 0; j < 70; j++) {
                    assertEquals(Float.floatToRawIntBits(get(g.c(), (long) i * g.ldc() + j)),
                            Float.floatToRawIntBits(get(row, j)));
                }
            }
        }
    }

    /** Which implementation computes a product does not depend on its number of rows. */
    @Test
    void smallProductsAreLeftToTheOtherBlas() {
        assertTrue(VectorProducts.takes(Sgemm.of(1, 128, 64, 0, 64, 0, 128, 0, 128)));
        for (int m : new int[] {1, 24, 100_000}) {
            assertEquals(false, VectorProducts.takes(Sgemm.of(m, 127, 64, 0, 64, 0, 128, 0, 128)));
            assertEquals(false, VectorProducts.takes(Sgemm.of(m, 4096, 15, 0, 64, 0, 4096, 0, 4096)));
            assertEquals(false, VectorProducts.takes(Sgemm.of(m, 15, 4096, 0, 4096, 0, 64, 0, 64)));
        }
        Sgemm gradient = Sgemm.of(128, 64, 16, 0, 128, 0, 64, 0, 64).withTransposes(true, false);
        assertTrue(VectorProducts.takes(gradient));
    }

    /** Operands of random numbers between -1/2 and 1/2 with NaN between the rows. */
    private record Case(boolean transposeA, boolean transposeB, int m, int n, int k, long a, int lda, long b, int ldb,
            long c, int ldc) {
        Case(boolean transposeA, boolean transposeB, int m, int n, int k, Random random, Arena arena) {
            int lda = (transposeA ? m : k) + random.nextInt(5);
            int ldb = (transposeB ? k : n) + random.nextInt(5);
            int ldc = n + 1 + random.nextInt(5);
            this(transposeA, transposeB, m, n, k, matrix(transposeA ? k : m, transposeA ? m : k, lda, random, arena),
                    lda, matrix(transposeB ? n : k, transposeB ? k : n, ldb, random, arena), ldb,
                    matrix(m, n, ldc, random, arena), ldc);
        }

        /** With a beta of 0, the old values are NaN. */
        Sgemm product(float alpha, float beta) {
            if (beta == 0) {
                for (long i = 0; i < (long) m * ldc; i++) {
                    Addresses.ALL.set(ValueLayout.JAVA_FLOAT, c + 4 * i, NAN);
                }
            }
            return new Sgemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        }

        double[] expected(Sgemm g) {
            double[] all = new double[m * n];
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++) {
                        sum += (double) get(a, transposeA ? (long) p * lda + i : (long) i * lda + p)
                                * get(b, transposeB ? (long) j * ldb + p : (long) p * ldb + j);
                    }
                    double old = g.beta() == 0 ? 0 : g.beta() * (double) get(c, (long) i * ldc + j);
                    all[i * n + j] = g.alpha() * sum + old;
                }
            }
            return all;
        }

        private static long matrix(int rows, int columns, int apart, Random random, Arena arena) {
            long address = arena.allocate((long) rows * apart * Float.BYTES, 64).address();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < apart; j++) {
                    Addresses.ALL.set(ValueLayout.JAVA_FLOAT, address + 4L * ((long) i * apart + j),
                            j < columns ? random.nextFloat() - 0.5f : NAN);
                }
            }
            return address;
        }
    }

    private static float get(long base, long index) {
        return Addresses.ALL.get(ValueLayout.JAVA_FLOAT, base + 4 * index);
    }
}
