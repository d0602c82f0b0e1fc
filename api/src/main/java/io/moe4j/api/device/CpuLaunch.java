package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What a Java kernel can use during a launch: its arguments by position, memory, and cores.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CpuLaunch {

    /**
     * All of memory, for absolute addressing: {@code memory().get(JAVA_FLOAT_UNALIGNED, address)}. Addresses are 64-bit, so
     * arithmetic on them does not overflow.
     */
    MemorySegment memory();

    /** The address in argument {@code index}; 0 for an absent one. */
    long pointer(int index);

    /** The address of rank {@code peer}'s memory in the peer table at argument {@code index}. */
    long peer(int index, int peer);

    /** The 32-bit integer at argument {@code index}. */
    int int32(int index);

    /** The 64-bit integer at argument {@code index}. */
    long int64(int index);

    /** The single-precision number at argument {@code index}. */
    float float32(int index);

    /**
     * Runs {@code body} over {@code [0, count)} in ranges, on all idle cores; returns when all are done. The ranges may vary from call to call, so
     * results must not depend on them: let elements be independent, or let {@code count} be a number of fixed-size blocks.
     *
     * @param grain the smallest range that is worth handing to another core
     */
    void parallelFor(long count, long grain, RangeBody body);

    /** {@code C = alpha · op(A) · op(B) + beta · C} in fp32 on the calling thread (one core). */
    void sgemm(Sgemm gemm);

    /**
     * Blocks until {@code condition} holds. Throws if the group has failed or the device's time limit has passed; the message has the rank, the phase and
     * the text of {@code expectation}.
     */
    void await(BooleanSupplier condition, Supplier<String> expectation);

    /** A part of a parallel loop. */
    @FunctionalInterface
    interface RangeBody {
        /** Handles {@code from} (inclusive) to {@code to} (exclusive). */
        void run(long from, long to);
    }

    /**
     * A row-major single-precision product.
     *
     * @param transposeA whether {@code a} holds A transposed, (k, m)
     * @param transposeB whether {@code b} holds B transposed, (n, k)
     * @param m rows of C
     * @param n columns of C
     * @param k inner dimension
     * @param alpha factor of the product
     * @param a address of A, rows {@code lda} elements apart
     * @param b address of B, rows {@code ldb} elements apart
     * @param beta factor of the old values of C; with 0 they are not read, so a NaN in them has no effect
     * @param c address of C, rows {@code ldc} elements apart
     */
    record Sgemm(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, long a, int lda, long b,
            int ldb,
            float beta, long c, int ldc) {

        /** {@code C = A · B}, with (m, k), (k, n) and (m, n) extents. */
        public static Sgemm of(int m, int n, int k, long a, int lda, long b, int ldb, long c, int ldc) {
            return new Sgemm(false, false, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
        }

        /** With A, B or both transposed. */
        public Sgemm withTransposes(boolean ofA, boolean ofB) {
            return new Sgemm(ofA, ofB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        }

        /** With a factor of the product, and one of the old values of C. */
        public Sgemm withFactors(float product, float held) {
            return new Sgemm(transposeA, transposeB, m, n, k, product, a, lda, b, ldb, held, c, ldc);
        }
    }
}
