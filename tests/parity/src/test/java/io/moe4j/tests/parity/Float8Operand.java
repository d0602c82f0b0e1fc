package io.moe4j.tests.parity;

import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Rounding;

/**
 * A matrix in 8 bits, as an operand of a product, whose sums run along its rows.
 *
 * @param tensor on the device
 * @param elements number times scale, row-major; exact, for a number has 4 significant bits and a scale 24
 * @param scales of each element
 * @param rowStride distance of the elements of neighbouring rows
 * @param termStride distance of neighbouring elements of one row
 */
record Float8Operand(Tensor tensor, double[] elements, double[] scales, int rows, int rowStride, int termStride) {
    /** Half of the smallest fp32 number: the most that rounding a subnormal result changes. */
    private static final double UNDERFLOW = 0x1p-150;

    static Float8Operand of(Tensor tensor, byte[] numbers, float[] scales) {
        Scales given = tensor.scales().orElseThrow();
        int columns = Math.toIntExact(tensor.dim(1));
        double[] elements = new double[numbers.length];
        double[] spread = new double[numbers.length];
        for (int i = 0; i < elements.length; i++) {
            long block = i / columns / given.block().get(0) * given.values().dim(1)
                    + i % columns / given.block().get(1);
            spread[i] = scales[(int) block];
            elements[i] = Float8.widen(numbers[i]) * spread[i];
        }
        return new Float8Operand(tensor, elements, spread, Math.toIntExact(tensor.dim(0)), columns, 1);
    }

    /** The same matrix, whose sums run along its columns. */
    Float8Operand transposed() {
        return new Float8Operand(tensor, elements, scales, elements.length / rows, termStride, rowStride);
    }

    private int at(int row, int term) {
        return row * rowStride + term * termStride;
    }

    /**
     * The most by which Σ a[i, t] · b[j, t] for {@code from} &le; t &lt; {@code end}, as docs/fp8.md defines it, is away from its value in exact
     * arithmetic.
     *
     * <p>Two numbers of 4 significant bits have an exact product in fp32. The first of a run's r &le; 128 terms is added to zero, exactly; r − 1
     * roundings follow, then 2 of the multiplications with both scales. The first of J runs is added to zero, too, and the others with J − 1 roundings.
     * So each term passes through at most n = r + J roundings of a relative error of u = 2⁻²⁴, in all nu / (1 − nu) of Σ|a · b|
     * (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1).
     *
     * <p>Sums are exact where they are subnormal, products are not: multiplying with a scale errs by up to 2⁻¹⁵⁰ then. The error of the first
     * multiplication is multiplied with the other scale; which of both is first does not matter here.
     *
     * <p>The expected sum is computed in double precision, whose own errors are 2⁻²⁹ of these.
     */
    static double bound(Float8Operand a, int i, Float8Operand b, int j, int from, int end) {
        double size = 0;
        double underflow = 0;
        int longest = 0;
        int runs = 0;
        for (int t = from; t < end; runs++) {
            int endOfRun = Math.min(end, (t / MatmulOps.RUN + 1) * MatmulOps.RUN);
            underflow += UNDERFLOW * (1 + Math.max(a.scales[a.at(i, t)], b.scales[b.at(j, t)]));
            longest = Math.max(longest, endOfRun - t);
            for (; t < endOfRun; t++) {
                size += Math.abs(a.elements[a.at(i, t)] * b.elements[b.at(j, t)]);
            }
        }
        double roundings = (longest + runs) * Rounding.U32;
        return roundings / (1 - roundings) * size + underflow;
    }
}
