package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Cases of AdamW in all types, and of sums of squares. */
final class OptimizerCases {
    private static final List<DType> TYPES = List.of(F32, BF16);

    private OptimizerCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType parameter : TYPES) {
            for (DType gradient : TYPES) {
                for (DType moments : TYPES) {
                    for (int n : new int[] {0, 1, 7, 1031}) {
                        cases.add(adamw(List.of(parameter, gradient, moments), n, Layout.DENSE, 3, true));
                    }
                    cases.add(adamw(List.of(parameter, gradient, moments), 4103, Layout.SHIFTED, 1, false));
                    cases.add(adamw(List.of(parameter, gradient, moments), 100, Layout.DENSE, 100_000, true));
                }
                for (int n : new int[] {0, 1, 1031}) {
                    for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED)) {
                        cases.add(converts(parameter, gradient, n, layout));
                    }
                }
            }
            for (int n : new int[] {0, 1, 20_003}) {
                cases.add(roundsStochastically(parameter, n, Layout.DENSE));
                cases.add(roundsStochastically(parameter, n, Layout.SHIFTED));
            }
            for (int n : new int[] {0, 1, 7, 5000, 1_000_003}) {
                cases.add(squares(parameter, n, Layout.DENSE));
                cases.add(squares(parameter, n, Layout.SHIFTED));
            }
        }
        return cases;
    }

    /** @param types element types of parameter, gradient and moments */
    private static OpCase adamw(List<DType> types, int n, Layout layout, long step, boolean started) {
        return new OpCase("adamw " + types + " x" + n + " step " + step + " " + layout, bench -> {
            Operand parameter = bench.of(types.get(0), layout, DoubleElements.random(types.get(0), n, 1), n);
            Operand gradient = bench.of(types.get(1), layout, DoubleElements.random(types.get(1), n, 2), n);
            double[] first = started ? DoubleElements.random(types.get(2), n, 3) : new double[n];
            double[] second = started ? DoubleElements.random(types.get(2), n, 4) : new double[n];
            Operand m = bench.of(types.get(2), layout, first, n);
            Operand v = bench.of(types.get(2), layout, Arrays.stream(second).map(Math::abs).toArray(), n);
            AdamW call = new AdamW(parameter.tensor(), gradient.tensor(), m.tensor(), v.tensor(), 0.01f, 0.9f, 0.95f,
                    1e-8f, 0.1f, 0.5f, step);
            return new OpCall(() -> bench.ops().optimizer().adamw(bench.stream(), call), List.of(parameter, m, v),
                    () -> updated(call, gradient.values(), parameter, m, v));
        });
    }

    /** Moments are rounded when they are stored, not before the parameter is updated with them. */
    private static List<Expected> updated(AdamW a, double[] gradients, Operand parameter, Operand m, Operand v) {
        Approx[] parameters = Approx.exact(parameter.values());
        Approx[] first = Approx.exact(m.values());
        Approx[] second = Approx.exact(v.values());
        Approx beta1 = Approx.exact(a.beta1());
        Approx beta2 = Approx.exact(a.beta2());
        Approx rest1 = Approx.exact(1).minus(beta1);
        Approx rest2 = Approx.exact(1).minus(beta2);
        // Bias corrections are computed in double precision on the host, and rounded once.
        Approx correction1 = Approx.exact(1 - Math.pow(a.beta1(), a.step())).times(1);
        Approx correction2 = Approx.exact(1 - Math.pow(a.beta2(), a.step())).times(1);
        Approx kept = Approx.exact(1).minus(Approx.exact(a.learningRate()).times(a.weightDecay()));
        for (int i = 0; i < parameters.length; i++) {
            Approx g = Approx.exact(gradients[i]).times(a.gradientScale());
            first[i] = first[i].times(beta1).plus(g.times(rest1));
            second[i] = second[i].times(beta2).plus(g.times(g).times(rest2));
            Approx root = second[i].over(correction2).sqrt().plus(a.eps());
            Approx update = first[i].over(correction1).over(root).times(a.learningRate());
            parameters[i] = parameters[i].times(kept).minus(update);
        }
        return List.of(Expected.close("parameter", parameter, parameters), Expected.close("first moment", m, first),
                Expected.close("second moment", v, second));
    }

    /**
     * Only weight decay, by a power of two: the new parameter is known exactly before it is rounded, and so is the result that {@link Rounding.Stochastic}
     * gives.
     */
    private static OpCase roundsStochastically(DType others, int n, Layout layout) {
        float decay = 0x1p-10f;
        Rounding.Stochastic rounding = Rounding.Stochastic.of(42, "layers.0.weight", 7, 1_000_000_007L);
        return new OpCase("adamw with stochastic rounding, else " + others + " x" + n + " " + layout, bench -> {
            Operand parameter = bench.of(BF16, layout, DoubleElements.random(BF16, n, 1), n);
            Operand gradient = bench.of(others, layout, new double[n], n);
            Operand m = bench.of(others, layout, new double[n], n);
            Operand v = bench.of(others, layout, new double[n], n);
            AdamW call = new AdamW(parameter.tensor(), gradient.tensor(), m.tensor(), v.tensor(), 1, 0.9f, 0.95f,
                    1e-8f, decay, 1, 1, rounding);
            return new OpCall(() -> bench.ops().optimizer().adamw(bench.stream(), call), List.of(parameter, m, v),
                    () -> {
                        double[] rounded = parameter.values();
                        for (int i = 0; i < n; i++) {
                            int bits = Float.floatToRawIntBits((float) (rounded[i] - decay * rounded[i]));
                            rounded[i] = Float.intBitsToFloat((bits + rounding.bits(i)) & 0xFFFF_0000);
                        }
                        return List.of(Expected.same("parameter", parameter, rounded),
                                Expected.same("first moment", m, new double[n]),
                                Expected.same("second moment", v, new double[n]));
                    });
        });
    }

    /**
     * Only weight decay, by a power of two, as above: both forms of the new parameter are known exactly. A device may leave this out; the caller then
     * converts in a second operation.
     */
    private static OpCase converts(DType gradients, DType moments, int n, Layout layout) {
        float decay = 0x1p-10f;
        return new OpCase("adamw with a BF16 copy, gradient " + gradients + ", moments " + moments + " x" + n + " "
                + layout, bench -> {
                    Operand parameter = bench.of(F32, layout, DoubleElements.random(F32, n, 1), n);
                    Operand gradient = bench.of(gradients, layout, new double[n], n);
                    Operand m = bench.of(moments, layout, new double[n], n);
                    Operand v = bench.of(moments, layout, new double[n], n);
                    Operand copy = bench.blank(BF16, layout, n);
                    AdamW call = new AdamW(parameter.tensor(), gradient.tensor(), m.tensor(), v.tensor(), 1, 0.9f,
                            0.95f, 1e-8f, decay, 1, 1);
                    return new OpCall(() -> {
                        if (!bench.ops().optimizer().adamwConverted(bench.stream(), call, copy.tensor())) {
                            bench.ops().optimizer().adamw(bench.stream(), call);
                            bench.ops().elementwise().copy(bench.stream(), parameter.tensor(), copy.tensor());
                        }
                    }, List.of(parameter, m, v, copy), () -> {
                        double[] updated = Arrays.stream(parameter.values()).map(p -> (float) (p - decay * p))
                                .toArray();
                        return List.of(Expected.same("parameter", parameter, updated),
                                Expected.same("first moment", m, new double[n]),
                                Expected.same("second moment", v, new double[n]),
                                Expected.same("copy", copy,
                                        Arrays.stream(updated).map(p -> io.moe4j.tests.contract.Rounding.to(BF16, p))
                                                .toArray()));
                    });
                });
    }

    private static OpCase squares(DType type, int n, Layout layout) {
        return new OpCase("sum of squares " + type + " x" + n + " " + layout, bench -> {
            Operand x = bench.of(type, layout, DoubleElements.random(type, n, 1), n);
            Operand sum = bench.of(F32, Layout.DENSE, new double[] {2}, 1);
            Optional<Tensor> workspace = bench.workspace(bench.device().workspaceSizes().sumOfSquares(n));
            return new OpCall(() -> bench.ops().optimizer().sumOfSquares(bench.stream(), x.tensor(), sum.tensor(),
                    workspace), List.of(sum), () -> {
                        Sum squares = new Sum();
                        for (double value : x.values()) {
                            squares.addProduct(value, value);
                        }
                        return List.of(Expected.close("sum", sum, new Approx[] {squares.result().plus(2)}));
                    });
        });
    }
}
