package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.SingleRank;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The products of e4m3 numbers on Hopper's tensor cores, in shapes that the kit's are too odd for. Numbers are small integers and scales powers of two: then
 * each sum is exact, and results are compared for equality.
 */
@Tag("gpu")
@Timeout(60)
final class ScaledProductsGpuTest {
    private static final List<Long> ROWS = List.of(1L, Scales.BLOCK);
    private static final List<Long> COLUMNS = List.of(Scales.BLOCK, 1L);
    private static final List<Long> SQUARES = List.of(Scales.BLOCK, Scales.BLOCK);
    private static final int[] OFFSETS = {0, 5, 133, 300, 300, 690};
    private static final int EXPERTS = OFFSETS.length;
    private static final int CAPACITY = 704;
    private static final int VALID = 690;
    private static final int OUTPUTS = 400;
    private static final int INPUTS = 272;

    /** A tensor with scales, and its elements. */
    private record Scaled(Tensor tensor, double[] elements) {}

    @Test
    void groupedProductsAreExact() {
        try (Gpu gpu = Gpu.open();
                SingleRank rank = SingleRank.on(gpu.device);
                ExpertKernels kernels = kernels(rank)) {
            Assumptions.assumeTrue(kernels.supports(DType.F8_E4M3), "not a Hopper GPU");
            Tensor offsets = gpu.ints(OFFSETS, EXPERTS);
            Scaled x = scaled(gpu, 1, ROWS, false, 1, CAPACITY, INPUTS);
            Scaled w = scaled(gpu, 2, SQUARES, false, EXPERTS, OUTPUTS, INPUTS);
            for (DType type : List.of(DType.F32, DType.BF16)) {
                Tensor y = gpu.tensor(type, CAPACITY, OUTPUTS);
                kernels.forward(gpu.stream, GroupedProduct.Forward.of(x.tensor, w.tensor, offsets, y));
                checkRows("y", type, gpu.read(y), OUTPUTS, INPUTS,
                        (row, column, term) -> x.elements[row * INPUTS + term]
                                * w.elements[(expert(row) * OUTPUTS + column) * INPUTS + term]);
            }
            Scaled dy = scaled(gpu, 3, ROWS, false, 1, CAPACITY, OUTPUTS);
            Scaled turned = scaled(gpu, 2, SQUARES, true, EXPERTS, OUTPUTS, INPUTS);
            Tensor dx = gpu.tensor(DType.F32, CAPACITY, INPUTS);
            kernels.inputGradient(gpu.stream, GroupedProduct.InputGradient.of(dy.tensor, turned.tensor, offsets, dx));
            checkRows("dx", DType.F32, gpu.read(dx), INPUTS, OUTPUTS,
                    (row, column, term) -> dy.elements[row * OUTPUTS + term]
                            * turned.elements[(expert(row) * OUTPUTS + term) * INPUTS + column]);
        }
    }

    @Test
    void groupedWeightGradientsAreExact() {
        try (Gpu gpu = Gpu.open();
                SingleRank rank = SingleRank.on(gpu.device);
                ExpertKernels kernels = kernels(rank)) {
            Assumptions.assumeTrue(kernels.supports(DType.F8_E4M3), "not a Hopper GPU");
            Tensor offsets = gpu.ints(OFFSETS, EXPERTS);
            Scaled dy = scaled(gpu, 4, COLUMNS, true, 1, CAPACITY, OUTPUTS);
            Scaled x = scaled(gpu, 5, COLUMNS, true, 1, CAPACITY, INPUTS);
            Tensor dw = gpu.tensor(DType.F32, EXPERTS, OUTPUTS, INPUTS);
            for (boolean added : new boolean[] {false, true}) {
                kernels.weightGradient(gpu.stream, GroupedProduct.WeightGradient.of(dy.tensor, x.tensor, offsets, dw)
                        .withAccumulate(added));
                double[] actual = gpu.read(dw);
                for (int i = 0; i < actual.length; i++) {
                    int expert = i / INPUTS / OUTPUTS;
                    int o = i / INPUTS % OUTPUTS;
                    int column = i % INPUTS;
                    double sum = 0;
                    for (int row = expert == 0 ? 0 : OFFSETS[expert - 1]; row < OFFSETS[expert]; row++) {
                        sum += dy.elements[row * OUTPUTS + o] * x.elements[row * INPUTS + column];
                    }
                    assertEquals((added ? 2 : 1) * sum, actual[i], "dw[" + expert + ", " + o + ", " + column + "]");
                }
            }
        }
    }

    @Test
    void denseProductsAreExact() {
        try (Gpu gpu = Gpu.open()) {
            Assumptions.assumeTrue(gpu.device.ops().supports(DType.F8_E4M3), "not a Hopper GPU");
            Scaled x = scaled(gpu, 1, ROWS, false, 1, VALID, INPUTS);
            Scaled w = scaled(gpu, 2, SQUARES, false, 1, OUTPUTS, INPUTS);
            Tensor y = gpu.tensor(DType.F32, VALID, OUTPUTS);
            gpu.device.ops().matmul().matmul(gpu.stream, Matmul.ofTransposedB(x.tensor, matrix(w), y));
            double[] expected = Reference.product(x.elements, Reference.transposed(w.elements, OUTPUTS, INPUTS), VALID,
                    INPUTS, OUTPUTS);
            Reference.same("y", expected, gpu.read(y));
            gpu.device.ops().matmul().matmul(gpu.stream,
                    Matmul.ofTransposedB(x.tensor, matrix(w), y).accumulating(true));
            Reference.same("y + y", Arrays.stream(expected).map(value -> 2 * value).toArray(), gpu.read(y));
            Scaled dy = scaled(gpu, 3, ROWS, false, 1, VALID, OUTPUTS);
            Tensor dx = gpu.tensor(DType.F32, VALID, INPUTS);
            gpu.device.ops().matmul().matmul(gpu.stream, Matmul.of(dy.tensor,
                    matrix(scaled(gpu, 2, SQUARES, true, 1, OUTPUTS, INPUTS)), dx));
            Reference.same("dx", Reference.product(dy.elements, w.elements, VALID, OUTPUTS, INPUTS), gpu.read(dx));
            Scaled columns = scaled(gpu, 4, COLUMNS, true, 1, CAPACITY, OUTPUTS);
            Scaled others = scaled(gpu, 5, COLUMNS, true, 1, CAPACITY, INPUTS);
            Tensor dw = gpu.tensor(DType.F32, OUTPUTS, INPUTS);
            gpu.device.ops().matmul().matmul(gpu.stream, Matmul.ofTransposedA(columns.tensor, others.tensor, dw));
            Reference.same("dw", Reference.product(Reference.transposed(columns.elements, CAPACITY, OUTPUTS),
                    others.elements, OUTPUTS, CAPACITY, INPUTS), gpu.read(dw));
        }
    }

    /**
     * The tensor cores cut each of 32 terms, and the sum so far, to 13 bits below the largest: of 2¹⁶ + 127 · 2⁻⁵, nothing of the small terms is left. The
     * bound that MatmulOps gives is 132 · 2⁻¹³ of the sum of sizes. That the exact sum is missed shows that these kernels run.
     */
    @Test
    void tensorCoresKeepThirteenBits() {
        try (Gpu gpu = Gpu.open()) {
            Assumptions.assumeTrue(gpu.device.ops().supports(DType.F8_E4M3), "not a Hopper GPU");
            double[] row = new double[128];
            Arrays.fill(row, Math.scalb(1.0, -5));
            row[0] = 256;
            double[] other = new double[128 * 128];
            Arrays.fill(other, 1);
            for (int i = 0; i < 128; i++) {
                other[i * 128] = 256;
            }
            Tensor one = gpu.floats(DType.F32, new double[] {1}, 1, 1);
            Tensor c = gpu.tensor(DType.F32, 1, 128);
            gpu.device.ops().matmul().matmul(gpu.stream, Matmul.ofTransposedB(
                    numbers(gpu, row, 1, 128).withScales(Optional.of(new Scales(one, ROWS))),
                    numbers(gpu, other, 128, 128).withScales(Optional.of(new Scales(one, SQUARES))), c));
            double exact = 65536 + 127 * Math.scalb(1.0, -5);
            for (double value : gpu.read(c)) {
                assertTrue(value != exact && Math.abs(value - exact) <= 132 * Math.scalb(exact, -13),
                        value + " instead of nearly " + exact);
            }
        }
    }

    /** The examples in {@code scaling.cuh} and {@code matmul_f8.cu}. */
    @Test
    void examples() {
        try (Gpu gpu = Gpu.open()) {
            Assumptions.assumeTrue(gpu.device.ops().supports(DType.F8_E4M3), "not a Hopper GPU");
            Tensor scales = gpu.tensor(DType.F32, 2, 1);
            Tensor numbers = gpu.tensor(DType.F8_E4M3, 2, 2);
            gpu.device.ops().scaling().orElseThrow().quantize(gpu.stream,
                    gpu.floats(DType.F32, new double[] {7, -448, 0.5, 0}, 2, 2),
                    numbers.withScales(Optional.of(new Scales(scales, ROWS))));
            Reference.same("scales", new double[] {1, 0.5f / 448f}, gpu.read(scales));
            Reference.same("numbers", new double[] {7, -448, 448, 0}, gpu.read(numbers));
            Tensor c = gpu.floats(DType.F32, new double[] {1}, 1, 1);
            Tensor a = numbers(gpu, new double[] {16, 16}, 1, 2)
                    .withScales(Optional.of(new Scales(gpu.floats(DType.F32, new double[] {2}, 1, 1), ROWS)));
            Tensor b = numbers(gpu, new double[] {1, 3}, 1, 2)
                    .withScales(Optional.of(new Scales(gpu.floats(DType.F32, new double[] {0.5}, 1, 1), ROWS)));
            gpu.device.ops().matmul().matmul(gpu.stream,
                    Matmul.ofTransposedB(a, b, c).withAlpha(0.5f).accumulating(true));
            Reference.same("c", new double[] {33}, gpu.read(c));
        }
    }

    private static ExpertKernels kernels(SingleRank rank) {
        return Gpu.provider(ServiceLoader.load(ExpertKernelsProvider.class), "swiglu").open(rank.context());
    }

    /** The value of one term of an element's sum. */
    @FunctionalInterface
    private interface Term {
        double of(int row, int column, int term);
    }

    private static void checkRows(String what, DType type, double[] actual, int columns, int terms, Term term) {
        for (int i = 0; i < VALID * columns; i++) {
            double sum = 0;
            for (int t = 0; t < terms; t++) {
                sum += term.of(i / columns, i % columns, t);
            }
            assertEquals(Reference.rounded(type, sum), actual[i], what + "[" + i / columns + ", " + i % columns + "]");
        }
        for (int i = VALID * columns; i < actual.length; i++) {
            assertTrue(Double.isNaN(actual[i]), what + ", beyond the last row, was written");
        }
    }

    private static int expert(int row) {
        int expert = 0;
        while (OFFSETS[expert] <= row) {
            expert++;
        }
        return expert;
    }

    private static Tensor matrix(Scaled stack) {
        return stack.tensor.select(0);
    }

    /** A stack of matrices, or rows where the block says so; {@code turned}: its columns are dense. The same elements for the same seed. */
    private static Scaled scaled(Gpu gpu, long seed, List<Long> block, boolean turned, int matrices, int rows,
            int columns) {
        Random random = new Random(seed);
        int down = Math.toIntExact(Math.ceilDiv(rows, block.get(0)));
        int across = Math.toIntExact(Math.ceilDiv(columns, block.get(1)));
        double[] scales = random.ints((long) matrices * down * across, -2, 3).mapToDouble(e -> Math.scalb(1.0, e))
                .toArray();
        double[] values = random.ints((long) matrices * rows * columns, -3, 4).asDoubleStream().toArray();
        double[] elements = new double[values.length];
        double[] stored = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int matrix = i / columns / rows;
            int row = i / columns % rows;
            int column = i % columns;
            long scale = ((long) matrix * down + row / block.get(0)) * across + column / block.get(1);
            elements[i] = values[i] * scales[Math.toIntExact(scale)];
            stored[turned ? (matrix * columns + column) * rows + row : i] = values[i];
        }
        boolean stack = block.equals(SQUARES);
        Tensor numbers = turned
                ? numbers(gpu, stored, matrices, columns, rows).strided(new long[] {matrices, rows, columns},
                        new long[] {(long) rows * columns, 1, rows})
                : numbers(gpu, stored, matrices, rows, columns);
        Tensor scale = gpu.floats(DType.F32, scales, matrices, down, across);
        return new Scaled(stack
                ? numbers.withScales(Optional.of(new Scales(scale, List.of(1L, block.get(0), block.get(1)))))
                : numbers.select(0).withScales(Optional.of(new Scales(scale.select(0), block))), elements);
    }

    private static Tensor numbers(Gpu gpu, double[] values, long... shape) {
        Tensor tensor = gpu.tensor(DType.F8_E4M3, shape);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(values.length);
            for (int i = 0; i < values.length; i++) {
                host.set(ValueLayout.JAVA_BYTE, i, Float8.round((float) values[i]));
            }
            gpu.stream.upload(host, tensor);
        }
        return tensor;
    }
}
