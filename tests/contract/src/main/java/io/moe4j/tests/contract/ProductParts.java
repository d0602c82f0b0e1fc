package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/**
 * Grouped products in parts, as the rounds of an exchange make them: a part begins where the previous one has ended, in the middle of an
 * expert's rows or not.
 */
final class ProductParts {
    private final OpenExpertKernels bench;

    ProductParts(OpenExpertKernels bench) {
        this.bench = bench;
    }

    /**
     * One part.
     *
     * @param from its first row among all
     * @param to index after its last row
     * @param offsets offsets of its experts
     * @param before rows of earlier parts that belong to the first expert that has rows here
     */
    private record Part(int from, int to, int[] offsets, int before) {

        static Part of(ExpertCase shape, int from, int to) {
            int[] offsets = Arrays.stream(shape.offsets()).map(end -> Math.clamp(end - from, 0, to - from)).toArray();
            int start = 0;
            for (int end : shape.offsets()) {
                if (start < from && from < end) {
                    return new Part(from, to, offsets, from - start);
                }
                start = end;
            }
            return new Part(from, to, offsets, 0);
        }
    }

    /** Divides rows into parts of random length, or of one row if there are few. */
    void haveTheBitsOfAll(ExpertCase shape, DType dtype) {
        double[][] x = shape.values(dtype, shape.rows(), shape.inputs(), 1);
        double[][] w = shape.values(dtype, shape.experts() * shape.outputs(), shape.inputs(), 2);
        double[][] dy = shape.values(dtype, shape.rows(), shape.outputs(), 3);
        double[][] y = bench.forward(shape, dtype, x, w);
        double[][] dx = bench.inputGradient(shape, dtype, dy, w);
        Random random = new Random(shape.seed());
        int length = 1 + random.nextInt(Math.max(1, shape.rows() / 2));
        for (int from = 0; from < shape.rows(); from += length) {
            Part part = Part.of(shape, from, Math.min(shape.rows(), from + length));
            String at = " of rows " + part.from + " to " + part.to + ", computed after the others; " + part.before
                    + " rows of the same expert came before";
            assertArrayEquals(Arrays.copyOfRange(y, part.from, part.to),
                    product(shape, dtype, part, x, w, shape.inputs(), shape.outputs(), true), "y" + at);
            assertArrayEquals(Arrays.copyOfRange(dx, part.from, part.to),
                    product(shape, dtype, part, dy, w, shape.outputs(), shape.inputs(), false), "dx" + at);
        }
    }

    private double[][] product(ExpertCase shape, DType dtype, Part part, double[][] rows, double[][] weights, int width,
            int resultWidth, boolean forward) {
        int count = part.to - part.from;
        // A buffer as long as that of all rows: only what is in it differs.
        try (RowBuffer given = bench.rows(dtype, shape.capacity(), width, shape.gap(),
                Arrays.copyOfRange(rows, part.from, part.to));
                RowBuffer w = bench.rows(dtype, weights.length, shape.inputs(), 0, weights);
                RowBuffer result = bench.blank(dtype, shape.capacity(), resultWidth, shape.gap())) {
            Tensor w_eOI = OpenExpertKernels.perExpert(w, shape.experts());
            Tensor offsets_e = bench.offsets(part.offsets);
            Optional<Tensor> before_1 = part.from == 0 ? Optional.empty()
                    : Optional.of(bench.offsets(new int[] {part.before}));
            if (forward) {
                bench.kernels().forward(bench.stream(), GroupedProduct.Forward.of(given.tensor(), w_eOI, offsets_e,
                        result.tensor()).withBefore(before_1));
            } else {
                bench.kernels().inputGradient(bench.stream(), GroupedProduct.InputGradient.of(given.tensor(), w_eOI,
                        offsets_e, result.tensor()).withBefore(before_1));
            }
            return result.read(count);
        }
    }
}
