package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.Rounding;
import io.moe4j.tests.contract.ops.MatmulCases.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Cases of products of an F32 and a BF16 matrix: all 24 significant bits of the first count.
 *
 * @param m rows of the result
 * @param n columns of the result
 * @param k inner dimension
 * @param out element type of the result
 * @param form which factors are given transposed
 * @param added whether the product is added to what the result holds
 * @param layout layout of both factors
 */
record MixedMatmulCases(int m, int n, int k, DType out, Form form, boolean added, Layout layout) {
    private static final float ALPHA = 0.75f;
    /** The number of parts into which a device may split an F32 value; see {@link #product}. */
    private static final int PIECES = 3;

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (Form form : Form.values()) {
            for (DType out : List.of(F32, BF16)) {
                for (boolean added : new boolean[] {false, true}) {
                    for (Layout layout : List.of(Layout.DENSE, Layout.GAPS)) {
                        cases.add(new MixedMatmulCases(33, 7, 5, out, form, added, layout).toCase());
                    }
                    cases.add(new MixedMatmulCases(64, 136, 264, out, form, added, Layout.ALIGNED_GAPS).toCase());
                }
                cases.add(new MixedMatmulCases(0, 5, 3, out, form, false, Layout.DENSE).toCase());
                cases.add(new MixedMatmulCases(5, 6, 0, out, form, true, Layout.DENSE).toCase());
            }
            cases.add(allBits(form));
        }
        return cases;
    }

    /** One term, times 1: the result must have all bits of a. The first number is the example of the CUDA kernel that splits numbers. */
    private static OpCase allBits(Form form) {
        double[] a = DoubleElements.random(F32, 300, 5);
        double[] special = {1.00390625 + Math.scalb(1.0, -23), Math.scalb(33_554_430.0, -100), -Float.MAX_VALUE, 0,
                Math.scalb(-16_777_215.0, 40)};
        System.arraycopy(special, 0, a, 0, special.length);
        return new OpCase("mixed product of one term " + form, bench -> {
            Operand left = form.transposesA() ? bench.of(F32, Layout.DENSE, a, 1, a.length)
                    : bench.of(F32, Layout.DENSE, a, a.length, 1);
            Operand one = bench.of(BF16, Layout.DENSE, new double[] {1}, 1, 1);
            Operand c = bench.blank(F32, Layout.DENSE, a.length, 1);
            Matmul call = new Matmul(left.tensor(), one.tensor(), c.tensor(), form.transposesA(), form.transposesB(), 1,
                    0);
            return call(bench, call, c, () -> List.of(Expected.same("product", c, left.values())));
        });
    }

    private OpCase toCase() {
        return new OpCase("mixed product " + m + "x" + n + "x" + k + " to " + out + " " + form + " "
                + (added ? "added " : "") + layout, this::prepare);
    }

    private OpCall prepare(OpBench bench) {
        Operand a = form.transposesA() ? bench.of(F32, layout, DoubleElements.random(F32, (long) m * k, 1), k, m)
                : bench.of(F32, layout, DoubleElements.random(F32, (long) m * k, 1), m, k);
        Operand b = form.transposesB() ? bench.of(BF16, layout, DoubleElements.random(BF16, (long) k * n, 2), n, k)
                : bench.of(BF16, layout, DoubleElements.random(BF16, (long) k * n, 2), k, n);
        Operand c = added ? bench.of(out, Layout.DENSE, DoubleElements.random(out, (long) m * n, 3), m, n)
                : bench.blank(out, Layout.DENSE, m, n);
        Matmul call = new Matmul(a.tensor(), b.tensor(), c.tensor(), form.transposesA(), form.transposesB(), ALPHA,
                added ? 1 : 0);
        return call(bench, call, c,
                () -> List.of(Expected.close("product", c, product(a.values(), b.values(), c.values()))));
    }

    private static OpCall call(OpBench bench, Matmul call, Operand c,
            Supplier<List<Expected>> expected) {
        // At least one word: an empty product needs no workspace, but the call needs a tensor.
        Tensor workspace = bench.workspace(Math.max(4, bench.device().workspaceSizes().mixedMatmul(call)))
                .orElseThrow();
        return new OpCall(() -> bench.ops().mixedMatmul(bench.stream(), call, workspace), List.of(c), expected);
    }

    /** The sum has up to three terms for each product, whose sizes add up to that of the product. */
    private Approx[] product(double[] a, double[] b, double[] c) {
        Approx[] product = new Approx[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                Sum sum = new Sum();
                for (int p = 0; p < k; p++) {
                    double term = a[form.transposesA() ? p * m + i : i * k + p]
                            * b[form.transposesB() ? j * k + p : p * n + j];
                    for (int piece = 0; piece < PIECES; piece++) {
                        sum.add(term / PIECES);
                    }
                }
                Approx scaled = sum.result().times(ALPHA);
                product[i * n + j] = added ? scaled.rounded(Rounding.stored(out)).plus(c[i * n + j]) : scaled;
            }
        }
        return product;
    }
}
