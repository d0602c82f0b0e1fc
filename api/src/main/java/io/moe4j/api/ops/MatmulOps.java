package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/**
 * Dense products.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface MatmulOps {
    /** The most terms of a product of operands with scales that are summed without their scales. */
    int RUN = 128;

    /**
     * c = alpha · op(a) · op(b) + beta · c; with beta = 0 the old values of c are not read, so a NaN in them has no effect. With another beta, the product may
     * be rounded to c's type before c is added. Extents may be 0: with k = 0, the product is 0.
     *
     * <p>If a and b have {@linkplain Tensor#scales() scales}, the k terms of an element of op(a) · op(b) are summed in runs. A run has one scale of
     * a and one of b, and at most {@value #RUN} terms; a new run begins where a scale changes, and at multiples of {@value #RUN}. The stored numbers of a
     * run are multiplied and summed in fp32; the run's sum is multiplied by both scales, and added to the sums of the other runs in fp32. The reference
     * multiplies by a's scale first; a device may multiply the scales with each other first, which differs in the last bit, and where one of these products
     * leaves the range of fp32. Since SPI 1.4, on devices that {@linkplain DeviceOps#supports support} the type.
     *
     * <p>Tensor cores may sum a run with fewer bits. Those of Hopper add 32 terms at a time to the sum so far, and first truncate each of these 33 numbers to
     * 13 bits below the largest. So the error of a run is at most 4 · 33 · 2⁻¹³ = 0.016 times Σ|a · b|; the largest error of millions of sums of random
     * numbers was 0.0002. Products are fastest if the numbers that a sum runs along are dense: rows of a matrix whose rows are multiplied, otherwise its
     * columns. A tensor with scales may have dense rows or dense columns.
     */
    void matmul(Stream stream, Matmul arguments);

    /**
     * Several products, none of which reads or overwrites the result of another: for example, one for each expert. A device may compute them
     * together, so that products which are too small to keep it busy do so. Each has the same bits as with {@link #matmul}. Since SPI 1.4.
     *
     * @param products products of any shapes; a device may compute them one by one unless all are {@linkplain Matmul#isLike alike} and their operands lie at
     *        equal distances
     * @since 0.3.0
     */
    default void matmulEach(Stream stream, List<Matmul> products) {
        products.forEach(product -> matmul(stream, product));
    }

    /**
     * Start from {@link #of}.
     *
     * @param a (m, k), or (k, m) if transposed; rows may have a stride, of less than 2 GiB as in b and c
     * @param b (k, n), or (n, k) if transposed; rows may have a stride; of a's type
     * @param c (m, n); rows may have a stride; of a's type or F32; F32 or BF16 if a and b have scales
     * @param transposeA whether a is given transposed
     * @param transposeB whether b is given transposed
     * @param alpha factor of the product
     * @param beta factor of c
     */
    record Matmul(Tensor a, Tensor b, Tensor c, boolean transposeA, boolean transposeB, float alpha, float beta) {

        public Matmul {
            long m = a.dim(transposeA ? 1 : 0);
            long k = a.dim(transposeA ? 0 : 1);
            long n = b.dim(transposeB ? 0 : 1);
            if (a.rank() != 2 || b.rank() != 2 || c.rank() != 2 || b.dim(transposeB ? 1 : 0) != k || c.dim(0) != m
                    || c.dim(1) != n) {
                throw new IllegalArgumentException(
                        "matmul of " + a + (transposeA ? "ᵀ" : "") + " and " + b + (transposeB ? "ᵀ" : "")
                                + " into " + c + ": shapes must be (m, k), (k, n) and (m, n)");
            }
            a.requireScales("the left operand of a matmul");
            b.requireScales("the right operand of a matmul");
            if (c.dtype().isScaled()) {
                throw new IllegalArgumentException("matmul of " + a + " and " + b + " into " + c
                        + ": sums have no scales; give an F32 or BF16 result, and quantize it afterwards");
            }
        }

        /** c = a · b. */
        public static Matmul of(Tensor a, Tensor b, Tensor c) {
            return new Matmul(a, b, c, false, false, 1, 0);
        }

        /** c = aᵀ · b. */
        public static Matmul ofTransposedA(Tensor a, Tensor b, Tensor c) {
            return new Matmul(a, b, c, true, false, 1, 0);
        }

        /** c = a · bᵀ. */
        public static Matmul ofTransposedB(Tensor a, Tensor b, Tensor c) {
            return new Matmul(a, b, c, false, true, 1, 0);
        }

        public Matmul withAlpha(float value) {
            return new Matmul(a, b, c, transposeA, transposeB, value, beta);
        }

        /** This product, added to the old values of c if {@code accumulate}, else overwriting them. */
        public Matmul accumulating(boolean accumulate) {
            return new Matmul(a, b, c, transposeA, transposeB, alpha, accumulate ? 1 : 0);
        }

        /**
         * Whether another product differs only in the addresses of its operands.
         *
         * @since 0.3.0
         */
        public boolean isLike(Matmul other) {
            return transposeA == other.transposeA && transposeB == other.transposeB && alpha == other.alpha
                    && beta == other.beta && areLike(a, other.a) && areLike(b, other.b) && areLike(c, other.c);
        }

        private static boolean areLike(Tensor one, Tensor other) {
            return one.dtype() == other.dtype() && one.shape().equals(other.shape())
                    && one.strides().equals(other.strides()) && one.scales().isEmpty() && other.scales().isEmpty();
        }

        /** Rows of the result. */
        public long m() {
            return c.dim(0);
        }

        /** Columns of the result. */
        public long n() {
            return c.dim(1);
        }

        /** Inner dimension. */
        public long k() {
            return a.dim(transposeA ? 0 : 1);
        }
    }
}
