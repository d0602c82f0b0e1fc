package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of dense products.
 *
 * @param m rows of the result
 * @param n columns of the result
 * @param k inner dimension
 * @param in element type of the factors
 * @param out element type of the result
 * @param form which factors are given transposed
 * @param beta factor of the result's previous content
 * @param layout layout of all three matrices
 */
record MatmulCases(int m, int n, int k, DType in, DType out, Form form, float beta, Layout layout) {
    private static final float ALPHA = 0.75f;

    /** Which factors are given transposed. */
    enum Form {
        NN, TN, NT, TT;

        boolean transposesA() {
            return this == TN || this == TT;
        }

        boolean transposesB() {
            return this == NT || this == TT;
        }
    }

    static List<OpCase> all() {
        List<MatmulCases> cases = new ArrayList<>();
        for (Form form : Form.values()) {
            for (Layout layout : List.of(Layout.DENSE, Layout.GAPS)) {
                cases.add(new MatmulCases(33, 7, 5, F32, F32, form, 0, layout));
                cases.add(new MatmulCases(64, 130, 257, F32, F32, form, 0.5f, layout));
                // An inner dimension that a device may sum in parts.
                cases.add(new MatmulCases(40, 24, 1200, F32, F32, form, layout == Layout.DENSE ? 0 : 0.5f, layout));
                cases.add(new MatmulCases(7, 5, 3, BF16, BF16, form, 0, layout));
            }
            cases.add(new MatmulCases(128, 96, 64, BF16, BF16, form, 1, Layout.ALIGNED_GAPS));
            cases.add(new MatmulCases(72, 200, 104, BF16, F32, form, 1, Layout.ALIGNED_GAPS));
            cases.add(new MatmulCases(1, 1, 1, F32, F32, form, 0, Layout.SHIFTED));
        }
        cases.add(new MatmulCases(1, 700, 300, F32, F32, Form.NT, 0, Layout.DENSE));
        for (Layout layout : List.of(Layout.DENSE, Layout.GAPS, Layout.ALIGNED_GAPS)) {
            cases.add(new MatmulCases(1, 100, 257, F32, F32, Form.NT, 0, layout));
            cases.add(new MatmulCases(1, 100, 257, BF16, BF16, Form.NT, 0, layout));
            cases.add(new MatmulCases(1, 65, 40, BF16, F32, Form.NT, 0, layout));
        }
        cases.add(new MatmulCases(300, 1, 400, BF16, F32, Form.NN, 0, Layout.DENSE));
        cases.add(new MatmulCases(300, 576, 512, BF16, BF16, Form.NT, 0, Layout.DENSE));
        for (DType in : List.of(F32, BF16)) {
            for (float beta : new float[] {0, 0.5f}) {
                cases.add(new MatmulCases(0, 5, 3, in, in, Form.NN, beta, Layout.DENSE));
                cases.add(new MatmulCases(5, 0, 3, in, in, Form.TN, beta, Layout.DENSE));
                cases.add(new MatmulCases(5, 6, 0, in, F32, Form.TN, beta, Layout.GAPS));
                cases.add(new MatmulCases(8, 16, 0, in, in, Form.NT, beta, Layout.DENSE));
            }
        }
        return cases.stream().map(MatmulCases::toCase).toList();
    }

    private OpCase toCase() {
        return new OpCase("matmul " + m + "x" + n + "x" + k + " " + in + " to " + out + " " + form + " beta " + beta
                + " " + layout, this::prepare);
    }

    private OpCall prepare(OpBench bench) {
        Operand a = form.transposesA() ? bench.of(in, layout, DoubleElements.random(in, (long) m * k, 1), k, m)
                : bench.of(in, layout, DoubleElements.random(in, (long) m * k, 1), m, k);
        Operand b = form.transposesB() ? bench.of(in, layout, DoubleElements.random(in, (long) k * n, 2), n, k)
                : bench.of(in, layout, DoubleElements.random(in, (long) k * n, 2), k, n);
        // With beta = 0, the previous content of c is ignored, even if it is NaN.
        Operand c = beta == 0 ? bench.blank(out, layout, m, n)
                : bench.of(out, layout, DoubleElements.random(out, (long) m * n, 3), m, n);
        Matmul call = new Matmul(a.tensor(), b.tensor(), c.tensor(), form.transposesA(), form.transposesB(), ALPHA,
                beta);
        return new OpCall(() -> bench.ops().matmul().matmul(bench.stream(), call), List.of(c),
                () -> List.of(Expected.close("product", c, product(a.values(), b.values(), c.values()))));
    }

    private Approx[] product(double[] a, double[] b, double[] c) {
        Approx[] product = new Approx[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                Sum sum = new Sum();
                for (int p = 0; p < k; p++) {
                    sum.addProduct(a[form.transposesA() ? p * m + i : i * k + p],
                            b[form.transposesB() ? j * k + p : p * n + j]);
                }
                Approx scaled = sum.result().times(ALPHA);
                product[i * n + j] = beta == 0 ? scaled
                        : scaled.rounded(Rounding.stored(out)).plus(Approx.exact(c[i * n + j]).times(beta));
            }
        }
        return product;
    }
}
