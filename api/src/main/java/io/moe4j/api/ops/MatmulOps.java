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
     * c = alpha · op(a) · op(b) + beta · c; with beta = 0 the old values of c are ignored, NaN included. With another beta, the product may be
     * rounded to c's type before c is added. Extents may be 0: with k = 0, the product is 0.
     *
     * <p>Where a and b have {@linkplain Tensor#scales() scales}, the k terms of an element of op(a) · op(b) are summed in runs. A run has one scale of
     * a and one of b, and at most {@value #RUN} terms; runs are cut where a scale changes, and at multiples of {@value #RUN}. The stored numbers of a
     * run are multiplied and summed in fp32; the run's sum is multiplied by both scales, and added to the other runs' in fp32. The reference multiplies by
     * a's scale first; a device may multiply the scales with each other first, which differs in the last bit, and where one of these products leaves the
     * range of fp32. Since SPI 1.4, on devices that {@linkplain DeviceOps#supports support} the type.
     *
     * <p>Tensor cores may sum a run with fewer bits. Those of Hopper add 32 terms at a time to the sum so far, and first cut each of these 33 numbers to
     * 13 bits below the largest. So an error of a run is at most 4 · 33 · 2⁻¹³ of Σ|a · b|, 0.016; for random numbers, the largest of millions was
     * 0.0002. Sums that run along dense numbers are the fastest: a and b with dense rows where these are multiplied, with dense columns where columns are.
     * A tensor with scales may have either.
     */
    void matmul(Stream stream, Matmul arguments);

    /**
     * Several products, of which none reads or overwrites what another one writes: for example, one for each expert. A device may compute them
     * together, so that products which are too small to keep it busy do so. Each has the bits that {@link #matmul} gives it. Since SPI 1.4.
     *
     * @param products of any shapes; devices may need that all are {@linkplain Matmul#isLike alike} and their operands lie at equal distances, and compute
     *        others one by one
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
         * Whether another product differs in nothing but the addresses of its operands.
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
