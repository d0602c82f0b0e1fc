package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.ops.OptimizerOps.Descent;
import io.moe4j.api.ops.OptimizerOps.Momentum;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/** Cases of Muon's operations on single elements: momentum, normalising, a step along an update. */
final class MuonCases {
    private static final List<DType> TYPES = List.of(F32, BF16);
    private static final List<Integer> SIZES = List.of(0, 1, 7, 1031, 20_003);

    private MuonCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        for (DType one : TYPES) {
            for (DType other : TYPES) {
                for (int n : SIZES) {
                    for (DType third : TYPES) {
                        cases.add(momentum(List.of(one, other, third), n, n % 2 == 0 ? Layout.DENSE : Layout.SHIFTED,
                                n != 7));
                    }
                    cases.add(normalize(one, other, n, n == 7 ? 0 : 6.25, n == 1 ? Layout.SHIFTED : Layout.DENSE));
                    cases.add(descend(one, other, n, n == 7 ? Layout.SHIFTED : Layout.DENSE));
                }
            }
            cases.add(roundsStochastically(one, 20_003, Layout.DENSE));
            cases.add(roundsStochastically(one, 5, Layout.SHIFTED));
        }
        return cases;
    }

    /** @param types element types of gradient, momentum and update */
    private static OpCase momentum(List<DType> types, int n, Layout layout, boolean nesterov) {
        return new OpCase("momentum " + types + " x" + n + (nesterov ? " nesterov " : " ") + layout, bench -> {
            Operand gradient = bench.of(types.get(0), layout, DoubleElements.random(types.get(0), n, 1), n);
            Operand held = bench.of(types.get(1), layout, DoubleElements.random(types.get(1), n, 2), n);
            Operand update = bench.blank(types.get(2), layout, n);
            Momentum call = Momentum.of(gradient.tensor(), held.tensor(), update.tensor()).withNesterov(nesterov)
                    .withGradientScale(0.5f);
            return new OpCall(() -> bench.ops().optimizer().momentum(bench.stream(), call), List.of(held, update),
                    () -> {
                        double[] gradients = gradient.values();
                        Approx[] momenta = Approx.exact(held.values());
                        Approx[] updates = new Approx[n];
                        Approx beta = Approx.exact(call.beta());
                        Approx rest = Approx.exact(1).minus(beta);
                        for (int i = 0; i < n; i++) {
                            Approx scaled = Approx.exact(gradients[i]).times(call.gradientScale()).times(rest);
                            momenta[i] = momenta[i].times(beta).plus(scaled);
                            updates[i] = nesterov ? momenta[i].times(beta).plus(scaled) : momenta[i];
                        }
                        return List.of(Expected.close("momentum", held, momenta),
                                Expected.close("update", update, updates));
                    });
        });
    }

    /** A sum of squares of 0 is that of a matrix of zeros, which must stay zeros. */
    private static OpCase normalize(DType from, DType to, int n, double squares, Layout layout) {
        return new OpCase("normalize " + from + " to " + to + " x" + n + " by " + squares + " " + layout, bench -> {
            double[] values = squares == 0 ? new double[n] : DoubleElements.random(from, n, 1);
            Operand x = bench.of(from, layout, values, n);
            Operand sum = bench.of(F32, Layout.DENSE, new double[] {squares}, 1);
            Operand out = bench.blank(to, layout, n);
            return new OpCall(() -> bench.ops().optimizer().normalize(bench.stream(), x.tensor(), sum.tensor(), 1e-7f,
                    out.tensor()), List.of(out), () -> {
                        Approx[] scaled = Approx.exact(x.values());
                        Approx divisor = squares == 0 ? Approx.exact(1e-7f) : Approx.exact(squares).sqrt();
                        for (int i = 0; i < n; i++) {
                            scaled[i] = scaled[i].over(divisor);
                        }
                        return List.of(Expected.close("out", out, scaled));
                    });
        });
    }

    private static OpCase descend(DType parameterType, DType updateType, int n, Layout layout) {
        return new OpCase("descend " + parameterType + " by " + updateType + " x" + n + " " + layout, bench -> {
            Operand parameter = bench.of(parameterType, layout, DoubleElements.random(parameterType, n, 1), n);
            Operand update = bench.of(updateType, layout, DoubleElements.random(updateType, n, 2), n);
            Descent call = Descent.of(parameter.tensor(), update.tensor(), 0.02f).withKeep(0.998f);
            return new OpCall(() -> bench.ops().optimizer().descend(bench.stream(), call), List.of(parameter), () -> {
                double[] updates = update.values();
                Approx[] parameters = Approx.exact(parameter.values());
                for (int i = 0; i < n; i++) {
                    parameters[i] = parameters[i].times(call.keep())
                            .minus(Approx.exact(updates[i]).times(call.rate()));
                }
                return List.of(Expected.close("parameter", parameter, parameters));
            });
        });
    }

    /** Only weight decay, by a power of two: the value before rounding is known exactly. */
    private static OpCase roundsStochastically(DType updateType, int n, Layout layout) {
        float keep = 1 - 0x1p-10f;
        Rounding.Stochastic rounding = Rounding.Stochastic.of(42, "layers.0.weight", 7, 1_000_000_007L);
        return new OpCase("descend with stochastic rounding, by " + updateType + " x" + n + " " + layout, bench -> {
            Operand parameter = bench.of(BF16, layout, DoubleElements.random(BF16, n, 1), n);
            Operand update = bench.of(updateType, layout, new double[n], n);
            Descent call = Descent.of(parameter.tensor(), update.tensor(), 1).withKeep(keep).withRounding(rounding);
            return new OpCall(() -> bench.ops().optimizer().descend(bench.stream(), call), List.of(parameter), () -> {
                double[] rounded = parameter.values();
                for (int i = 0; i < n; i++) {
                    int bits = Float.floatToRawIntBits((float) (keep * rounded[i]));
                    rounded[i] = Float.intBitsToFloat((bits + rounding.bits(i)) & 0xFFFF_0000);
                }
                return List.of(Expected.same("parameter", parameter, rounded));
            });
        });
    }
}
