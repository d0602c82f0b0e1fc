package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.SingleRank;
import java.util.Arrays;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Grouped products of bf16 in which each thread block computes several tiles, and stores one while it multiplies the next. The kit's shapes have fewer tiles
 * than a GPU has multiprocessors. Here all experts have the same rows and weights, so their results must have the same bits as those of a single expert, of
 * whose tiles each thread block computes one; the kit compares such results with the definition.
 *
 * <p>Example: 300 rows per expert and 520 outputs are 3 · 3 tiles of 128 × 256; 24 experts have 216 tiles, for 132 multiprocessors. With 64 inputs a tile has
 * one slice, with 264 it has 5; the results of a tile are stored while the first 4 slices of the next one are multiplied.
 */
@Tag("gpu")
@Timeout(60)
final class SeveralTilesGpuTest {
    private static final int EXPERTS = 24;
    private static final int OUTPUTS = 520;

    @ParameterizedTest
    @CsvSource({"300, 64", "300, 136", "300, 200", "300, 264", "300, 328", "40, 128", "100, 392", "129, 1032"})
    void haveTheBitsOfOneTileForEachBlock(int rows, int inputs) {
        try (Gpu gpu = Gpu.open();
                SingleRank rank = SingleRank.on(gpu.device);
                ExpertKernels kernels = Gpu.provider(ServiceLoader.load(ExpertKernelsProvider.class), "swiglu")
                        .open(rank.context())) {
            Products alone = new Products(gpu, kernels, 1, rows, inputs);
            Products all = new Products(gpu, kernels, EXPERTS, rows, inputs);
            same("y", alone.forward(), all.forward());
            same("dx", alone.inputGradient(), all.inputGradient());
            for (DType type : new DType[] {DType.BF16, DType.F32}) {
                same("dw of " + type, alone.weightGradient(type, false), all.weightGradient(type, false));
                same("dw of " + type + ", added", alone.weightGradient(type, true), all.weightGradient(type, true));
            }
        }
    }

    private static void same(String what, double[] alone, double[] all) {
        assertFalse(Arrays.stream(alone).anyMatch(Double::isNaN), what);
        for (int e = 0; e < EXPERTS; e++) {
            assertArrayEquals(alone, Arrays.copyOfRange(all, e * alone.length, (e + 1) * alone.length),
                    what + " of expert " + e);
        }
    }

    /** The products of some experts, which all have the same operands. */
    private record Products(Gpu gpu, ExpertKernels kernels, int experts, int rows, int inputs) {

        double[] forward() {
            Tensor y = gpu.tensor(DType.BF16, (long) experts * rows, OUTPUTS);
            kernels.forward(gpu.stream,
                    GroupedProduct.Forward.of(repeated(1, rows, inputs), weights(), offsets(), y));
            return gpu.read(y);
        }

        double[] inputGradient() {
            Tensor dx = gpu.tensor(DType.BF16, (long) experts * rows, inputs);
            kernels.inputGradient(gpu.stream,
                    GroupedProduct.InputGradient.of(repeated(2, rows, OUTPUTS), weights(), offsets(), dx));
            return gpu.read(dx);
        }

        double[] weightGradient(DType type, boolean added) {
            double[] held = Reference.random(DType.BF16, (long) OUTPUTS * inputs, 4);
            Tensor dw = gpu.floats(type, times(held), experts, OUTPUTS, inputs);
            kernels.weightGradient(gpu.stream, GroupedProduct.WeightGradient
                    .of(repeated(2, rows, OUTPUTS), repeated(1, rows, inputs), offsets(), dw).withAccumulate(added));
            return gpu.read(dw);
        }

        private Tensor weights() {
            return gpu.floats(DType.BF16, times(Reference.random(DType.BF16, (long) OUTPUTS * inputs, 3)), experts,
                    OUTPUTS, inputs);
        }

        private Tensor repeated(long seed, int ofExpert, int columns) {
            return gpu.floats(DType.BF16, times(Reference.random(DType.BF16, (long) ofExpert * columns, seed)),
                    (long) experts * ofExpert, columns);
        }

        private Tensor offsets() {
            int[] offsets = new int[experts];
            Arrays.setAll(offsets, e -> (e + 1) * rows);
            return gpu.ints(offsets, experts);
        }

        private double[] times(double[] values) {
            double[] all = new double[experts * values.length];
            Arrays.setAll(all, i -> values[i % values.length]);
            return all;
        }
    }
}
