package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RMSNorm, SwiGLU and rotation against doubles. Intermediate results are within a few units of their largest term. */
class RowwiseTest {
    private static final double FEW = 16 * Expect.SINGLE;

    private static Tensor rows(TestMachine machine, DType type, long rows, long columns, double[] values) {
        Tensor tensor = machine.tensor(type, rows, columns + 3).slice(1, 1, 1 + columns);
        TestMachine.write(tensor, values);
        return tensor;
    }

    @ParameterizedTest
    @CsvSource({"0,8,F32", "1,1,F32", "5,7,F32", "130,256,F32", "65,100,F32", "3,576,BF16", "70,33,BF16"})
    void rmsNorm(int t, int d, DType type) {
        Random random = new Random(t * 7 + d);
        float eps = 1e-5f;
        try (TestMachine machine = new TestMachine(2)) {
            double[] x = Expect.random(random, type, (long) t * d);
            double[] w = Expect.random(random, type, d);
            double[] dy = Expect.random(random, type, (long) t * d);
            double[] old = Expect.random(random, type, (long) t * d);
            double[] oldWeight = Expect.random(random, DType.F32, d);
            double[] y = new double[t * d];
            double[] dx = new double[t * d];
            double[] dw = oldWeight.clone();
            for (int i = 0; i < t; i++) {
                double squares = 0;
                double inner = 0;
                for (int j = 0; j < d; j++) {
                    squares += x[i * d + j] * x[i * d + j];
                    inner += dy[i * d + j] * w[j] * x[i * d + j];
                }
                double r = 1 / Math.sqrt(squares / d + eps);
                for (int j = 0; j < d; j++) {
                    int at = i * d + j;
                    y[at] = x[at] * r * w[j];
                    dx[at] = r * (dy[at] * w[j] - x[at] * r * r * inner / d);
                    dw[j] += dy[at] * x[at] * r;
                }
            }
            Tensor xs = rows(machine, type, t, d, x);
            Tensor ws = machine.floats(type, w, d);
            Tensor ys = rows(machine, type, t, d, new double[t * d]);
            Tensor rstd = machine.tensor(DType.F32, t);
            machine.ops.norm().forward(TestMachine.STREAM, xs, ws, eps, ys, rstd);
            Expect.near(y, ys, Expect.rounding(type) + FEW, FEW);
            Tensor workspace = machine.tensor(DType.F32, new CpuWorkspaceSizes().rmsNormBackward(t, d) / Float.BYTES);
            Tensor dys = rows(machine, type, t, d, dy);
            for (boolean accumulate : new boolean[] {false, true}) {
                Tensor dxs = rows(machine, type, t, d, old);
                Tensor dws = machine.floats(DType.F32, oldWeight, d);
                machine.ops.norm().backward(TestMachine.STREAM, new NormOps.Backward(dys, xs, ws, rstd, dxs, accumulate,
                        dws, accumulate, Optional.of(workspace)));
                double[] wantedX = dx.clone();
                double[] wantedW = dw.clone();
                for (int i = 0; i < t * d; i++) {
                    wantedX[i] += accumulate ? old[i] : 0;
                }
                for (int j = 0; j < d; j++) {
                    wantedW[j] -= accumulate ? 0 : oldWeight[j];
                }
                // r may be 300 for a row near zero.
                Expect.near(wantedX, dxs, Expect.rounding(type) + FEW, 300 * FEW);
                Expect.near(wantedW, dws, FEW, (t + 16) * 4 * Expect.SINGLE);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0,8,F32", "1,1,F32", "5,47,F32", "64,1024,F32", "9,40,BF16"})
    void swiglu(int t, int f, DType type) {
        Random random = new Random(t * 7 + f);
        try (TestMachine machine = new TestMachine(2)) {
            double[] gate = Expect.random(random, type, (long) t * f);
            double[] up = Expect.random(random, type, (long) t * f);
            double[] dh = Expect.random(random, type, (long) t * f);
            for (int i = 0; i < gate.length; i++) {
                gate[i] *= 16;
            }
            double[] h = new double[t * f];
            double[] dgate = new double[t * f];
            double[] dup = new double[t * f];
            for (int i = 0; i < t * f; i++) {
                double s = 1 / (1 + Math.exp(-gate[i]));
                h[i] = gate[i] * s * up[i];
                dgate[i] = dh[i] * up[i] * s * (1 + gate[i] * (1 - s));
                dup[i] = dh[i] * gate[i] * s;
            }
            Tensor gates = rows(machine, type, t, f, gate);
            Tensor ups = rows(machine, type, t, f, up);
            Tensor hs = rows(machine, type, t, f, new double[t * f]);
            machine.ops.activation().swiglu(TestMachine.STREAM, gates, ups, hs);
            Expect.near(h, hs, Expect.rounding(type) + FEW, 0);
            // In place: the gradients replace the inputs.
            machine.ops.activation().swigluBackward(TestMachine.STREAM, gates, ups, rows(machine, type, t, f, dh),
                    gates, ups);
            Expect.near(dgate, gates, Expect.rounding(type) + FEW, FEW);
            Expect.near(dup, ups, Expect.rounding(type) + FEW, FEW);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,1,2,1,F32", "6,3,2,3,F32", "64,16,64,32,F32", "10,2,38,10,F32", "12,2,64,6,BF16"})
    void rope(int t, int h, int r, int s, DType type) {
        Random random = new Random(t + h + r);
        try (TestMachine machine = new TestMachine(2)) {
            double[] x = Expect.random(random, type, (long) t * h * r);
            double[] table = new double[s * r];
            for (int i = 0; i < s * r; i += 2) {
                double angle = random.nextDouble(6.3);
                table[i] = (float) Math.cos(angle);
                table[i + 1] = (float) Math.sin(angle);
            }
            for (boolean inverse : new boolean[] {false, true}) {
                double[] wanted = new double[x.length];
                for (int i = 0; i < x.length; i += 2) {
                    int at = i / (h * r) % s * r + i % r;
                    double c = table[at];
                    double sin = inverse ? -table[at + 1] : table[at + 1];
                    wanted[i] = x[i] * c - x[i + 1] * sin;
                    wanted[i + 1] = x[i + 1] * c + x[i] * sin;
                }
                Tensor xs = machine.tensor(type, t, h + 1, r + 5).slice(1, 1, h + 1).slice(2, 2, r + 2);
                TestMachine.write(xs, x);
                machine.ops.rope().rotate(TestMachine.STREAM, xs, machine.floats(DType.F32, table, s, r), inverse, xs);
                Expect.near(wanted, xs, Expect.rounding(type), FEW);
            }
        }
    }
}
