package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Compares SwiGLU and its gradients with the reference, element by element. */
final class SwiGluChecks {
    private final OpenExpertKernels bench;

    SwiGluChecks(OpenExpertKernels bench) {
        this.bench = bench;
    }

    void forward(ExpertCase shape, DType dtype) {
        forward(shape, dtype, false);
        forward(shape, dtype, true);
    }

    private void forward(ExpertCase shape, DType dtype, boolean weighted) {
        int features = shape.inputs();
        double[][] gateUp = gateUp(shape, dtype);
        float[] weights = weights(shape);
        double[][] h = bench.swiglu(shape, dtype, gateUp, weighted ? Optional.of(weights) : Optional.empty());
        for (int r = 0; r < shape.rows(); r++) {
            for (int f = 0; f < features; f++) {
                ExpertReference.checkForward("h[" + r + ", " + f + "]", dtype, gateUp[r][f], gateUp[r][features + f],
                        weighted ? weights[r] : 1, h[r][f]);
            }
        }
    }

    void backward(ExpertCase shape, DType dtype) {
        backward(shape, dtype, false, false);
        backward(shape, dtype, true, false);
        backward(shape, dtype, true, true);
    }

    private void backward(ExpertCase shape, DType dtype, boolean weighted, boolean inPlace) {
        int features = shape.inputs();
        double[][] gateUp = gateUp(shape, dtype);
        double[][] dh = shape.values(dtype, shape.rows(), features, 9);
        float[] weights = weights(shape);
        OpenExpertKernels.SwiGluGradients gradients = bench.swigluBackward(shape, dtype, gateUp, dh,
                weighted ? Optional.of(weights) : Optional.empty(), inPlace);
        for (int r = 0; r < shape.rows(); r++) {
            double[] gate = Arrays.copyOf(gateUp[r], features);
            double[] up = Arrays.copyOfRange(gateUp[r], features, 2 * features);
            double weight = weighted ? weights[r] : 1;
            for (int f = 0; f < features; f++) {
                String at = "[" + r + ", " + f + "]" + (inPlace ? " in place" : "");
                ExpertReference.checkGateGradient("dgate" + at, dtype, gate[f], up[f], dh[r][f], weight,
                        gradients.gateUp()[r][f]);
                ExpertReference.checkUpGradient("dup" + at, dtype, gate[f], dh[r][f], weight,
                        gradients.gateUp()[r][features + f]);
            }
            if (weighted) {
                ExpertReference.checkWeightGradient("dweight[" + r + "]", gate, up, dh[r], gradients.weights()[r]);
            }
        }
        for (int r = shape.rows(); weighted && r < shape.capacity(); r++) {
            assertEquals(-12345, gradients.weights()[r], "dweights beyond the last offset must stay untouched");
        }
    }

    /** Very large and very small gates. */
    void atTheEnds() {
        double[] gates = {0, -0.0, 1e-30, -1e-30, 20, -20, 80, -80, 90, -90, 1e4, -1e4, 3e38, -3e38, Double.NaN};
        ExpertCase shape = new ExpertCase("ends", List.of(1), 1, gates.length, 1, 0, 1);
        double[] gateUp = Arrays.copyOf(gates, 2 * gates.length);
        Arrays.fill(gateUp, gates.length, gateUp.length, 0.5);
        double[] h = bench.swiglu(shape, DType.F32, new double[][] {gateUp}, Optional.empty())[0];
        for (int f = 0; f < gates.length; f++) {
            if (Double.isNaN(gates[f])) {
                assertTrue(Double.isNaN(h[f]), "silu(NaN) must be NaN, was " + h[f]);
            } else {
                double expected = 0.5 * gates[f] * ExpertReference.sigmoid((float) gates[f]);
                // beyond |gate| = 88 the exponential may be cut: what is left is under |gate| e^-87
                double cut = gates[f] < -80 ? Math.abs(gates[f]) * Math.exp(-80) : 0;
                Rounding.check("h at gate " + gates[f], expected, h[f],
                        ExpertReference.swigluError(Math.min(90, Math.abs(gates[f]))) * Math.abs(expected) + cut
                                + Rounding.TINY);
            }
        }
    }

    /** Gate and up, the halves of one buffer. */
    static double[][] gateUp(ExpertCase shape, DType dtype) {
        double[][] values = shape.values(dtype, shape.rows(), 2 * shape.inputs(), 8);
        for (double[] row : values) {
            Arrays.setAll(row, f -> Rounding.to(dtype, 3 * row[f]));
        }
        return values;
    }

    static float[] weights(ExpertCase shape) {
        float[] weights = new float[shape.capacity()];
        Arrays.fill(weights, Float.NaN);
        for (int r = 0; r < shape.rows(); r++) {
            weights[r] = (r * 37 % 64 - 20) / 32f;
        }
        return weights;
    }
}
