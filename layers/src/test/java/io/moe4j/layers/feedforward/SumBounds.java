package io.moe4j.layers.feedforward;

import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Expert kernels that also compute, for each element of a weight gradient, how far two orders of its sum can be apart.
 *
 * <p>A sum of n products of fp32 numbers, computed in fp32 in any order, is within γ · Σ|a·b| of the exact one, where γ = n·u / (1 − n·u) and u = 2⁻²⁴:
 * n − 1 additions and one product on the way of each term (Higham, "Accuracy and Stability of Numerical Algorithms", chapter 3). Two such sums are within
 * twice that. A sum in rounds adds up to one more term a round, an empty partial sum; so n is the number of rows plus that of rounds, at most twice the
 * number of rows.
 */
final class SumBounds implements ExpertKernels {
    private static final double UNIT = 0x1p-24;

    private final ExpertKernels kernels;
    private final Map<Long, double[]> sums = new HashMap<>();
    private final Map<Long, long[]> rows = new HashMap<>();

    SumBounds(ExpertKernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void weightGradient(Stream stream, GroupedProduct.WeightGradient product) {
        kernels.weightGradient(stream, product);
        Tensor dw = product.dw_eOI();
        int experts = (int) dw.dim(0);
        int outputs = (int) dw.dim(1);
        int inputs = (int) dw.dim(2);
        double[] sum = sums.computeIfAbsent(dw.address(), at -> new double[experts * outputs * inputs]);
        long[] count = rows.computeIfAbsent(dw.address(), at -> new long[experts]);
        int[] ends = new int[experts];
        stream.download(product.offsets_e(), MemorySegment.ofArray(ends));
        int row = 0;
        for (int expert = 0; expert < experts; expert++) {
            for (; row < ends[expert]; row++) {
                float[] dy = ExpertRun.row(stream, product.dy_RO(), row).orElseThrow();
                float[] x = ExpertRun.row(stream, product.x_RI(), row).orElseThrow();
                for (int o = 0; o < outputs; o++) {
                    for (int i = 0; i < inputs; i++) {
                        sum[(expert * outputs + o) * inputs + i] += Math.abs((double) dy[o] * x[i]);
                    }
                }
                count[expert]++;
            }
        }
    }

    /** The bounds of all elements of two gradients, one after the other. */
    double[] of(Tensor first, Tensor second) {
        double[] a = of(first);
        double[] b = of(second);
        double[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private double[] of(Tensor gradient) {
        double[] bound = sums.get(gradient.address()).clone();
        long[] count = rows.get(gradient.address());
        int ofExpert = bound.length / count.length;
        for (int i = 0; i < bound.length; i++) {
            double nu = 2 * count[i / ofExpert] * UNIT;
            bound[i] *= 2 * nu / (1 - nu);
        }
        return bound;
    }

    @Override
    public void forward(Stream stream, GroupedProduct.Forward product) {
        kernels.forward(stream, product);
    }

    @Override
    public void inputGradient(Stream stream, GroupedProduct.InputGradient product) {
        kernels.inputGradient(stream, product);
    }

    @Override
    public void swiglu(Stream stream, SwiGlu.Forward arguments) {
        kernels.swiglu(stream, arguments);
    }

    @Override
    public void swigluBackward(Stream stream, SwiGlu.Backward arguments) {
        kernels.swigluBackward(stream, arguments);
    }

    @Override
    public void close() {}
}
