package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;
import static io.moe4j.api.tensor.DType.I32;
import static io.moe4j.api.tensor.DType.I64;

import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Cases of copies between any strides, which are exact: values that the type can hold stay equal, others are rounded once. */
final class CopyCases {
    private static final int RANDOM_SHAPES = 30;
    private static final List<DType> TYPES = List.of(F32, BF16);

    private CopyCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (int seed = 0; seed < RANDOM_SHAPES; seed++) {
            cases.add(random(seed));
        }
        for (DType from : TYPES) {
            for (DType to : TYPES) {
                cases.add(ends(from, to));
                for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                    cases.add(rows(from, to, layout, 7, 5));
                    cases.add(rows(from, to, layout, 33, 64));
                }
            }
        }
        cases.add(transposed(F32, F32));
        cases.add(transposed(BF16, BF16));
        cases.add(transposed(I32, I32));
        cases.add(transposed(I64, I64));
        return cases;
    }

    static List<OpCase> far() {
        return List.of(rows(F32, BF16, Layout.FAR, 4, 40), rows(BF16, F32, Layout.FAR, 4, 40),
                rows(BF16, BF16, Layout.FAR, 4, 13));
    }

    private static OpCase rows(DType from, DType to, Layout layout, int rows, int columns) {
        return new OpCase("copy " + from + " to " + to + " " + rows + "x" + columns + " " + layout, bench -> {
            Operand source = bench.of(from, layout, DoubleElements.random(from, (long) rows * columns, 1), rows,
                    columns);
            return call(bench, source, bench.blank(to, layout, rows, columns));
        });
    }

    /** Infinities, NaN, both zeros, ties to even in both directions, a value that overflows when rounded, and the smallest value. */
    private static OpCase ends(DType from, DType to) {
        double[] values = Arrays.stream(new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 0,
                -0.0, 1.00390625, 1.01171875, -1.00390625, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_NORMAL, 1e-30,
                3, 256.5, 257, 65535}).map(value -> Rounding.to(from, value)).toArray();
        return new OpCase("copy " + from + " to " + to + " at the ends",
                bench -> call(bench, bench.of(from, Layout.DENSE, values, 2, 8),
                        bench.blank(to, Layout.GAPS, 2, 8)));
    }

    private static OpCase transposed(DType from, DType to) {
        return new OpCase("copy " + from + " transposed", bench -> {
            Operand source = bench.strided(from, 0, integers(6 * 16), new long[] {2, 3, 16}, new long[] {16, 32, 1});
            return call(bench, source, bench.strided(to, 1, new double[0], new long[] {2, 3, 16},
                    new long[] {1, 2, 7}));
        });
    }

    private static double[] integers(int count) {
        double[] values = new double[count];
        Arrays.setAll(values, i -> i * 1001 % 128 - 60);
        return values;
    }

    /** Dimensions in any order, with gaps, some of them repeated in the source, some empty. */
    private static OpCase random(int seed) {
        Random random = new Random(seed);
        DType from = TYPES.get(random.nextInt(2));
        DType to = TYPES.get(random.nextInt(2));
        long[] shape = new long[1 + random.nextInt(4)];
        for (int d = 0; d < shape.length; d++) {
            shape[d] = random.nextInt(10) == 0 ? 0 : 1 + random.nextInt(shape.length == 1 ? 9000 : 24);
        }
        long[] source = strides(random, shape);
        if (random.nextInt(3) == 0) {
            source[random.nextInt(shape.length)] = 0;
        }
        long[] destination = strides(random, shape);
        int skip = random.nextInt(2);
        return new OpCase("copy " + from + Arrays.toString(shape) + " strides " + Arrays.toString(source) + " to " + to
                + " strides " + Arrays.toString(destination), bench -> {
                    long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
                    Operand x = bench.strided(from, skip, DoubleElements.random(from, count, seed), shape,
                            source);
                    return call(bench, x, bench.strided(to, 0, new double[0], shape, destination));
                });
    }

    private static long[] strides(Random random, long... shape) {
        long[] strides = new long[shape.length];
        boolean reversed = random.nextInt(3) == 0;
        long stride = random.nextInt(4) == 0 ? 2 : 1;
        for (int i = 0; i < shape.length; i++) {
            int d = reversed ? i : shape.length - 1 - i;
            strides[d] = stride;
            stride = stride * Math.max(1, shape[d]) + random.nextInt(2);
        }
        return strides;
    }

    private static OpCall call(OpBench bench, Operand source, Operand destination) {
        return new OpCall(
                () -> bench.ops().elementwise().copy(bench.stream(), source.tensor(), destination.tensor()),
                List.of(destination), () -> List.of(Expected.same("copy", destination, Arrays.stream(source.values())
                        .map(value -> destination.dtype().isFloating() ? Rounding.to(destination.dtype(), value)
                                : value)
                        .toArray())));
    }
}
