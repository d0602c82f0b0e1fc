package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** Grouped products of rows and weights with scales: one for each 1 × 128 of a row, and for each 128 × 128 of a weight. */
final class ScaledGrouped {
    private static final List<Long> ROWS = List.of(1L, Scales.BLOCK);
    private static final List<Long> COLUMNS = List.of(Scales.BLOCK, 1L);
    private static final List<Long> WEIGHTS = List.of(1L, Scales.BLOCK, Scales.BLOCK);
    private static final int OUTPUTS = 131;
    private static final int INPUTS = 260;
    private static final int CAPACITY = 14;
    /** Inclusive running sums for experts with 0, 5, 0, 6 and 0 rows. */
    private static final List<Integer> OFFSETS = List.of(0, 5, 5, 11, 11);
    private static final int VALID = 11;
    private static final double MARK = -12345.0f;

    private final OpenExpertKernels bench;
    private final DType type;

    private ScaledGrouped(OpenExpertKernels bench, DType type) {
        this.bench = bench;
        this.type = type;
    }

    static Stream<DynamicTest> tests(OpenExpertKernels bench) {
        List<DynamicTest> tests = new ArrayList<>();
        for (DType type : DType.values()) {
            ScaledGrouped grouped = new ScaledGrouped(bench, type);
            if (type.isScaled() && !bench.kernels().supports(type)) {
                tests.add(dynamicTest(type + " is refused", grouped::isRefused));
            } else if (type.isScaled()) {
                for (DType result : List.of(DType.F32, DType.BF16)) {
                    tests.add(dynamicTest("forward " + type + " into " + result, () -> grouped.forward(result)));
                    tests.add(dynamicTest("input gradient " + type + " into " + result,
                            () -> grouped.inputGradient(result, false)));
                    tests.add(dynamicTest("input gradient " + type + " by dense columns of w into " + result,
                            () -> grouped.inputGradient(result, true)));
                    tests.add(dynamicTest("weight gradient " + type + " into " + result,
                            () -> grouped.weightGradient(result, false)));
                    tests.add(dynamicTest("weight gradient " + type + " by dense columns into " + result,
                            () -> grouped.weightGradient(result, true)));
                }
            }
        }
        return tests.stream();
    }

    private void forward(DType result) {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            ScaledValues x = ScaledValues.random(values, type, ROWS, 1, CAPACITY, INPUTS);
            ScaledValues w = ScaledValues.random(values, type, WEIGHTS, 2, OFFSETS.size(), OUTPUTS, INPUTS);
            Tensor y = marked(values, result, CAPACITY, OUTPUTS);
            bench.kernels().forward(bench.stream(), GroupedProduct.Forward.of(x.tensor(), w.tensor(),
                    bench.offsets(offsets()), y));
            checkRows("y", result, y, OUTPUTS, INPUTS, (row, column, term) -> x.elements()[row * INPUTS + term]
                    * w.elements()[(expert(row) * OUTPUTS + column) * INPUTS + term]);
        }
    }

    private void inputGradient(DType result, boolean byColumns) {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            ScaledValues dy = ScaledValues.random(values, type, ROWS, 3, CAPACITY, OUTPUTS);
            ScaledValues w = ScaledValues.random(values, type, WEIGHTS, 4, OFFSETS.size(), OUTPUTS, INPUTS);
            Tensor dx = marked(values, result, CAPACITY, INPUTS);
            Tensor stored = (byColumns ? w.byColumns(values) : w).tensor();
            bench.kernels().inputGradient(bench.stream(), GroupedProduct.InputGradient.of(dy.tensor(), stored,
                    bench.offsets(offsets()), dx));
            checkRows("dx", result, dx, INPUTS, OUTPUTS, (row, column, term) -> dy.elements()[row * OUTPUTS + term]
                    * w.elements()[(expert(row) * OUTPUTS + term) * INPUTS + column]);
        }
    }

    private void weightGradient(DType result, boolean byColumns) {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            List<Long> block = byColumns ? COLUMNS : ROWS;
            ScaledValues dy = ScaledValues.random(values, type, block, 5, CAPACITY, OUTPUTS);
            ScaledValues x = ScaledValues.random(values, type, block, 6, CAPACITY, INPUTS);
            Tensor storedDy = (byColumns ? dy.byColumns(values) : dy).tensor();
            Tensor storedX = (byColumns ? x.byColumns(values) : x).tensor();
            for (boolean accumulate : new boolean[] {false, true}) {
                double before = accumulate ? 0.25 : 0;
                Tensor dw = values.tensor(result, OFFSETS.size(), OUTPUTS, INPUTS);
                bench.stream().fill(dw, accumulate ? before : Double.NaN);
                bench.kernels().weightGradient(bench.stream(), GroupedProduct.WeightGradient
                        .of(storedDy, storedX, bench.offsets(offsets()), dw).withAccumulate(accumulate));
                double[] actual = HostValues.read(bench.stream(), dw);
                for (int i = 0; i < actual.length; i++) {
                    int expert = i / INPUTS / OUTPUTS;
                    int o = i / INPUTS % OUTPUTS;
                    int column = i % INPUTS;
                    int first = expert == 0 ? 0 : OFFSETS.get(expert - 1);
                    double[] terms = new double[OFFSETS.get(expert) - first];
                    Arrays.setAll(terms, t -> dy.elements()[(first + t) * OUTPUTS + o]
                            * x.elements()[(first + t) * INPUTS + column]);
                    ScaledValues.check("dw[" + expert + ", " + o + ", " + column + "]", result, terms, before,
                            actual[i]);
                }
            }
        }
    }

    /** One term of an element's sum. */
    @FunctionalInterface
    private interface Term {
        double of(int row, int column, int term);
    }

    private void checkRows(String what, DType result, Tensor rows, int columns, int terms, Term term) {
        double[] actual = HostValues.read(bench.stream(), rows);
        for (int i = 0; i < actual.length; i++) {
            int row = i / columns;
            int column = i % columns;
            String name = what + "[" + row + ", " + column + "]";
            if (row >= VALID) {
                assertTrue(actual[i] == Rounding.to(result, MARK), name + ", beyond the last row, was written: "
                        + actual[i]);
                continue;
            }
            double[] all = new double[terms];
            Arrays.setAll(all, t -> term.of(row, column, t));
            ScaledValues.check(name, result, all, 0, actual[i]);
        }
    }

    private static int[] offsets() {
        return OFFSETS.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int expert(int row) {
        int expert = 0;
        while (OFFSETS.get(expert) <= row) {
            expert++;
        }
        return expert;
    }

    private Tensor marked(HostValues values, DType result, long rows, long columns) {
        Tensor tensor = values.tensor(result, rows, columns);
        bench.stream().fill(tensor, MARK);
        return tensor;
    }

    private void isRefused() {
        try (HostValues values = new HostValues(bench.device(), bench.stream())) {
            ScaledValues x = ScaledValues.random(values, type, ROWS, 1, 2, 3);
            ScaledValues w = ScaledValues.random(values, type, WEIGHTS, 2, 1, 4, 3);
            Tensor y = values.tensor(DType.F32, 2, 4);
            RuntimeException refused = assertThrows(RuntimeException.class,
                    () -> bench.kernels().forward(bench.stream(),
                            GroupedProduct.Forward.of(x.tensor(), w.tensor(), bench.offsets(new int[] {2}), y)));
            assertTrue(String.valueOf(refused.getMessage()).contains(type.name()), refused.toString());
        }
    }
}
