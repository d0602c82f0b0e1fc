package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.tensor.DType;
import io.moe4j.tests.contract.Rounding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Cases of sums. For copies see {@link CopyCases}. */
final class ElementwiseCases {
    private static final List<DType> TYPES = List.of(F32, BF16);
    private static final float FACTOR = -0.3f;

    private ElementwiseCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType type : TYPES) {
            for (int n : new int[] {0, 1, 7, 8, 1003, 70_001}) {
                for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED)) {
                    cases.add(add(type, n, layout, "out"));
                    TYPES.forEach(other -> cases.add(accumulate(type, other, n, layout)));
                }
            }
            List.of("a", "b", "a = b").forEach(target -> cases.add(add(type, 1003, Layout.DENSE, target)));
            for (Layout layout : List.of(Layout.DENSE, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                for (int[] thr : new int[][] {{0, 2, 3}, {1, 1, 1}, {5, 1, 7}, {9, 3, 21}, {64, 16, 64},
                        {6, 128, 64}}) {
                    cases.add(sumMiddle(type, thr, false, layout));
                    cases.add(sumMiddle(type, thr, true, layout));
                }
            }
        }
        return cases;
    }

    static List<OpCase> far() {
        return TYPES.stream().map(type -> sumMiddle(type, new int[] {4, 2, 32}, true, Layout.FAR)).toList();
    }

    /** Exact: one rounding of an exact sum. */
    private static OpCase add(DType type, int n, Layout layout, String target) {
        return new OpCase("add " + type + " x" + n + " into " + target + " " + layout, bench -> {
            Operand a = bench.of(type, layout, DoubleElements.random(type, n, 1), n);
            Operand b = target.equals("a = b") ? a : bench.of(type, layout, DoubleElements.random(type, n, 2), n);
            Operand out = target.equals("out") ? bench.blank(type, layout, n) : target.equals("b") ? b : a;
            return new OpCall(() -> bench.ops().elementwise().add(bench.stream(), a.tensor(), b.tensor(), out.tensor()),
                    List.of(out), () -> {
                        double[] left = a.values();
                        double[] right = b.values();
                        double[] sums = new double[n];
                        Arrays.setAll(sums, i -> Rounding.to(type, (float) left[i] + (float) right[i]));
                        return List.of(Expected.same("sum", out, sums));
                    });
        });
    }

    private static OpCase accumulate(DType type, DType into, int n, Layout layout) {
        return new OpCase("accumulate " + type + " into " + into + " x" + n + " " + layout, bench -> {
            Operand x = bench.of(type, layout, DoubleElements.random(type, n, 1), n);
            Operand sum = bench.of(into, layout, DoubleElements.random(into, n, 2), n);
            return new OpCall(
                    () -> bench.ops().elementwise().accumulate(bench.stream(), x.tensor(), FACTOR, sum.tensor()),
                    List.of(sum), () -> {
                        double[] terms = x.values();
                        Approx[] sums = Approx.exact(sum.values());
                        for (int i = 0; i < n; i++) {
                            sums[i] = sums[i].plus(Approx.exact(terms[i]).times(FACTOR));
                        }
                        return List.of(Expected.close("accumulator", sum, sums));
                    });
        });
    }

    private static OpCase sumMiddle(DType type, int[] thr, boolean accumulate, Layout layout) {
        int t = thr[0];
        int h = thr[1];
        int r = thr[2];
        return new OpCase("sumMiddle " + type + " (" + t + ", " + h + ", " + r + ")"
                + (accumulate ? " added " : " ") + layout, bench -> {
                    Operand source = bench.of(type, layout, DoubleElements.random(type, (long) t * h * r, 1), t, h, r);
                    Operand out = accumulate
                            ? bench.of(type, layout, DoubleElements.random(type, (long) t * r, 2), t, r)
                            : bench.blank(type, layout, t, r);
                    return new OpCall(() -> bench.ops().elementwise().sumMiddle(bench.stream(), source.tensor(),
                            out.tensor(), accumulate), List.of(out), () -> {
                                double[] before = out.values();
                                double[] values = source.values();
                                Approx[] sums = new Approx[t * r];
                                for (int i = 0; i < t * r; i++) {
                                    Sum sum = new Sum();
                                    for (int j = 0; j < h; j++) {
                                        sum.add(values[(i / r * h + j) * r + i % r]);
                                    }
                                    if (accumulate) {
                                        sum.add(before[i]);
                                    }
                                    sums[i] = sum.result();
                                }
                                return List.of(Expected.close("sum", out, sums));
                            });
                });
    }
}
