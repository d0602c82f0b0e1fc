package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cases of RMSNorm and its gradient. Row 1 is zeros, row 2 is a thousand times larger than the others.
 *
 * @param rows T
 * @param dim D
 * @param type element type of all tensors but the statistics and the weight's gradient
 * @param layout layout of the rows
 */
record NormCases(int rows, int dim, DType type, Layout layout) {
    private static final float EPS = 1e-5f;

    /** How a gradient is written. */
    private enum Form {
        ALONE, IN_PLACE, TO_ANOTHER
    }

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                for (int[] shape : new int[][] {{0, 8}, {1, 1}, {5, 7}, {130, 256}, {3, 576}, {65, 100}}) {
                    new NormCases(shape[0], shape[1], type, layout).addTo(cases);
                }
            }
            new NormCases(2, 7168, type, Layout.DENSE).addTo(cases);
            new NormCases(9, 2048, type, Layout.DENSE).addTo(cases);
            new NormCases(700, 40, type, Layout.DENSE).addTo(cases);
            new NormCases(300, 2048, type, Layout.DENSE).addTo(cases);
            new NormCases(3000, 72, type, Layout.DENSE).addTo(cases);
            new NormCases(20, 8192, type, Layout.DENSE).addTo(cases);
            new NormCases(12, 8200, type, Layout.DENSE).addTo(cases);
        }
        return cases;
    }

    static List<OpCase> far() {
        List<OpCase> cases = new ArrayList<>();
        new NormCases(4, 32, F32, Layout.FAR).addTo(cases);
        new NormCases(4, 256, BF16, Layout.FAR).addTo(cases);
        new NormCases(4, 33, BF16, Layout.FAR).addTo(cases);
        return cases;
    }

    private void addTo(List<OpCase> cases) {
        String what = " (" + rows + ", " + dim + ") " + type + " " + layout;
        cases.add(new OpCase("norm" + what, this::forward));
        cases.add(new OpCase("norm gradient" + what, bench -> backward(bench, Form.ALONE)));
        cases.add(new OpCase("norm gradient, added" + what, bench -> backward(bench, Form.IN_PLACE)));
        if (layout == Layout.DENSE) {
            cases.add(new OpCase("norm gradient, added to another" + what, bench -> backward(bench, Form.TO_ANOTHER)));
        }
    }

    private double[] random(long seed) {
        return DoubleElements.random(type, (long) rows * dim, seed);
    }

    private double[] x() {
        double[] x = random(1);
        for (int i = 0; i < x.length; i++) {
            x[i] *= i / dim == 1 ? 0 : i / dim == 2 ? 1024 : 1;
        }
        return x;
    }

    private Operand weight(OpBench bench) {
        return bench.of(type, layout.contiguous(), DoubleElements.random(type, dim, 2), dim);
    }

    private Approx rstd(double[] x, int row) {
        Sum squares = new Sum();
        for (int d = 0; d < dim; d++) {
            squares.addProduct(x[row * dim + d], x[row * dim + d]);
        }
        Approx mean = squares.result().over(Approx.exact(dim));
        return Approx.exact(1).over(mean.plus(EPS).sqrt());
    }

    private OpCall forward(OpBench bench) {
        Operand x = bench.of(type, layout, x(), rows, dim);
        Operand weight = weight(bench);
        Operand y = bench.blank(type, layout, rows, dim);
        Operand rstd = bench.blank(F32, Layout.DENSE, rows);
        return new OpCall(() -> bench.ops().norm().forward(bench.stream(), x.tensor(), weight.tensor(), EPS, y.tensor(),
                rstd.tensor()), List.of(y, rstd), () -> {
                    double[] values = x.values();
                    double[] weights = weight.values();
                    Approx[] factors = new Approx[rows];
                    Arrays.setAll(factors, row -> rstd(values, row));
                    Approx[] expected = new Approx[rows * dim];
                    Arrays.setAll(expected,
                            i -> Approx.exact(values[i]).times(factors[i / dim]).times(weights[i % dim]));
                    return List.of(Expected.close("y", y, expected), Expected.close("rstd", rstd, factors));
                });
    }

    private OpCall backward(OpBench bench, Form form) {
        boolean accumulate = form == Form.IN_PLACE;
        Operand dy = bench.of(type, layout, random(3), rows, dim);
        Operand x = bench.of(type, layout, x(), rows, dim);
        Operand weight = weight(bench);
        double[] values = x.values();
        double[] factors = new double[rows];
        Arrays.setAll(factors, row -> (float) rstd(values, row).value());
        Operand rstd = bench.of(F32, Layout.DENSE, factors, rows);
        Operand dx = accumulate ? bench.of(type, layout, random(4), rows, dim)
                : bench.blank(type, layout, rows, dim);
        Operand dweight = accumulate ? bench.of(F32, Layout.DENSE, DoubleElements.random(F32, dim, 5), dim)
                : bench.blank(F32, Layout.DENSE, dim);
        NormOps.Backward call = new NormOps.Backward(dy.tensor(), x.tensor(), weight.tensor(), rstd.tensor(),
                dx.tensor(), accumulate, dweight.tensor(), accumulate,
                bench.workspace(bench.device().workspaceSizes().rmsNormBackward(rows, dim)));
        List<Operand> inputs = List.of(dy, x, weight, rstd);
        if (form == Form.TO_ANOTHER) {
            Operand addend = bench.of(type, layout, random(4), rows, dim);
            return new OpCall(() -> bench.ops().normBackwardAdded(bench.stream(), call, addend.tensor()),
                    List.of(dx, dweight), () -> gradients(form, inputs, addend.values(), dx, dweight));
        }
        return new OpCall(() -> bench.ops().norm().backward(bench.stream(), call), List.of(dx, dweight),
                () -> gradients(form, inputs, dx.values(), dx, dweight));
    }

    /** dx = r (dy w − x̂ mean(dy w x̂)) with x̂ = r x; dw = Σ over rows of dy x̂. */
    private List<Expected> gradients(Form form, List<Operand> inputs, double[] held, Operand dx, Operand dweight) {
        double[] dy = inputs.get(0).values();
        double[] x = inputs.get(1).values();
        double[] weight = inputs.get(2).values();
        double[] rstd = inputs.get(3).values();
        Approx[] expected = new Approx[rows * dim];
        Sum[] sums = new Sum[dim];
        Arrays.setAll(sums, d -> new Sum());
        for (int t = 0; t < rows; t++) {
            Approx r = Approx.exact(rstd[t]);
            Sum inner = new Sum();
            for (int i = t * dim; i < (t + 1) * dim; i++) {
                Approx normal = Approx.exact(x[i]).times(r);
                inner.add(Approx.exact(dy[i]).times(weight[i % dim]).times(normal));
                sums[i % dim].add(normal.times(dy[i]));
            }
            Approx mean = inner.result().over(Approx.exact(dim));
            for (int i = t * dim; i < (t + 1) * dim; i++) {
                Approx normal = Approx.exact(x[i]).times(r);
                Approx gradient = r.times(Approx.exact(dy[i]).times(weight[i % dim]).minus(normal.times(mean)));
                expected[i] = switch (form) {
                    case ALONE -> gradient;
                    case IN_PLACE -> gradient.plus(held[i]);
                    case TO_ANOTHER -> gradient.rounded(Rounding.stored(type)).plus(held[i]);
                };
            }
        }
        double[] before = dweight.values();
        Approx[] weights = new Approx[dim];
        Arrays.setAll(weights, d -> form == Form.IN_PLACE ? sums[d].result().plus(before[d]) : sums[d].result());
        return List.of(Expected.close("dx", dx, expected), Expected.close("dweight", dweight, weights));
    }
}
