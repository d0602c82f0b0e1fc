package io.moe4j.tests.contract.ops;

import static io.moe4j.api.tensor.DType.BF16;
import static io.moe4j.api.tensor.DType.F32;

import io.moe4j.api.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cases of SwiGLU and its gradient.
 *
 * @param rows T
 * @param width F
 * @param type element type of all tensors
 * @param layout layout of all tensors
 */
record ActivationCases(int rows, int width, DType type, Layout layout) {
    private static final double GATE_SIZE = 16;
    /** From this size of a gate on, a device may take its exponential as 0: the result's error is then less than |gate| e^-80. */
    private static final double CUT = 80;

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        int[][] shapes = {{0, 8}, {1, 1}, {5, 47}, {7, 12}, {33, 256}, {3, 1408}};
        for (DType type : List.of(F32, BF16)) {
            for (Layout layout : List.of(Layout.DENSE, Layout.SHIFTED, Layout.GAPS, Layout.ALIGNED_GAPS)) {
                for (int[] shape : shapes) {
                    new ActivationCases(shape[0], shape[1], type, layout).addTo(cases);
                }
            }
        }
        cases.add(ends());
        return cases;
    }

    static List<OpCase> far() {
        List<OpCase> cases = new ArrayList<>();
        new ActivationCases(4, 32, F32, Layout.FAR).addTo(cases);
        new ActivationCases(4, 33, BF16, Layout.FAR).addTo(cases);
        return cases;
    }

    private void addTo(List<OpCase> cases) {
        String what = " (" + rows + ", " + width + ") " + type + " " + layout;
        cases.add(new OpCase("swiglu" + what, this::forward));
        cases.add(new OpCase("swiglu gradient" + what, bench -> backward(bench, false)));
        cases.add(new OpCase("swiglu gradient in place" + what, bench -> backward(bench, true)));
    }

    private Operand operand(OpBench bench, double size, long seed) {
        return bench.of(type, layout, DoubleElements.random(type, (long) rows * width, size, seed), rows, width);
    }

    private OpCall forward(OpBench bench) {
        Operand gate = operand(bench, GATE_SIZE, 1);
        Operand up = operand(bench, 1, 2);
        Operand h = bench.blank(type, layout, rows, width);
        return new OpCall(() -> bench.ops().activation().swiglu(bench.stream(), gate.tensor(), up.tensor(), h.tensor()),
                List.of(h), () -> List.of(Expected.close("h", h, products(gate.values(), up.values()))));
    }

    private static Approx[] products(double[] gates, double[] ups) {
        Approx[] h = new Approx[gates.length];
        for (int i = 0; i < h.length; i++) {
            Approx gate = Approx.exact(gates[i]);
            h[i] = gate.times(gate.sigmoid()).times(ups[i]);
        }
        return h;
    }

    /** dgate = dh up σ (1 + gate (1 − σ)), dup = dh gate σ. */
    private OpCall backward(OpBench bench, boolean inPlace) {
        Operand gate = operand(bench, GATE_SIZE, 1);
        Operand up = operand(bench, 1, 2);
        Operand dh = operand(bench, 1, 3);
        Operand dgate = inPlace ? gate : bench.blank(type, layout, rows, width);
        Operand dup = inPlace ? up : bench.blank(type, layout, rows, width);
        return new OpCall(() -> bench.ops().activation().swigluBackward(bench.stream(), gate.tensor(), up.tensor(),
                dh.tensor(), dgate.tensor(), dup.tensor()), List.of(dgate, dup), () -> {
                    double[] gates = gate.values();
                    double[] ups = up.values();
                    double[] gradients = dh.values();
                    Approx[] byGate = new Approx[gates.length];
                    for (int i = 0; i < byGate.length; i++) {
                        Approx x = Approx.exact(gates[i]);
                        Approx sigmoid = x.sigmoid();
                        Approx slope = sigmoid.plus(x.times(sigmoid).times(Approx.exact(1).minus(sigmoid)));
                        byGate[i] = Approx.exact(gradients[i]).times(ups[i]).times(slope);
                    }
                    return List.of(Expected.close("dgate", dgate, byGate),
                            Expected.close("dup", dup, products(gates, gradients)));
                });
    }

    /** Very large and very small gates neither overflow nor give NaN; a NaN gives NaN, and affects no other element. */
    private static OpCase ends() {
        double[] gates = Arrays.stream(new double[] {0, -0.0, 1e-30, -1e-30, 20, -20, 80, -80, 90, -90, 1e4, -1e4, 3e38,
                -3e38, Double.NaN, 1}).map(gate -> (float) gate).toArray();
        double[] ups = new double[gates.length];
        Arrays.fill(ups, 0.5);
        return new OpCase("swiglu at the ends", bench -> {
            Operand gate = bench.of(F32, Layout.DENSE, gates, 2, 8);
            Operand up = bench.of(F32, Layout.DENSE, ups, 2, 8);
            Operand h = bench.blank(F32, Layout.DENSE, 2, 8);
            return new OpCall(
                    () -> bench.ops().activation().swiglu(bench.stream(), gate.tensor(), up.tensor(), h.tensor()),
                    List.of(h), () -> List.of(Expected.close("h", h, atTheEnds(gates))));
        });
    }

    private static Approx[] atTheEnds(double... gates) {
        Approx[] h = new Approx[gates.length];
        for (int i = 0; i < h.length; i++) {
            double size = Math.abs(gates[i]);
            double exact = size > 700 ? Math.max(gates[i], 0) / 2 : gates[i] / (1 + Math.exp(-gates[i])) / 2;
            Approx near = Approx.exact(Math.clamp(gates[i], -2 * CUT, 2 * CUT)).sigmoid();
            double relative = near.error() / near.value();
            h[i] = Double.isNaN(gates[i]) ? Approx.exact(Double.NaN)
                    : new Approx(exact, Math.abs(exact) * relative + (gates[i] <= -CUT ? size * Math.exp(-CUT) : 0));
        }
        return h;
    }
}
