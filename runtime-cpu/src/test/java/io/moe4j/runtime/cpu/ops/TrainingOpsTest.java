package io.moe4j.runtime.cpu.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.ops.OptimizerOps.AdamW;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Embedding, loss and optimizer against doubles. */
class TrainingOpsTest {

    @ParameterizedTest
    @CsvSource({"0,5,8,F32", "7,3,1,F32", "100,17,130,F32", "50,10,70,BF16"})
    void embedding(int t, int v, int d, DType type) {
        Random random = new Random(t);
        try (TestMachine machine = new TestMachine(2)) {
            int[] ids = random.ints(t, 0, v).toArray();
            double[] table = Expect.random(random, type, (long) v * d);
            double[] dout = Expect.random(random, type, (long) t * d);
            double[] old = Expect.random(random, DType.F32, (long) v * d);
            double[] wanted = new double[t * d];
            double[] wantedGradient = old.clone();
            for (int i = 0; i < t * d; i++) {
                wanted[i] = table[ids[i / d] * d + i % d];
                wantedGradient[ids[i / d] * d + i % d] += dout[i];
            }
            Tensor idTensor = machine.ints(ids, t);
            Tensor out = machine.tensor(type, t, d);
            machine.ops.embedding().forward(TestMachine.STREAM, idTensor, machine.floats(type, table, v, d), out);
            Expect.near(wanted, out, 0, 0);
            for (boolean accumulate : new boolean[] {true, false}) {
                Tensor dtable = machine.floats(DType.F32, old, v, d);
                machine.ops.embedding().backward(TestMachine.STREAM, idTensor, machine.floats(type, dout, t, d), dtable,
                        accumulate, Optional.empty());
                for (int i = 0; i < v * d; i++) {
                    wantedGradient[i] -= accumulate ? 0 : old[i];
                }
                Expect.near(wantedGradient, dtable, 0, (t + 1) * (t + 1) * Expect.SINGLE);
            }
        }
    }

    @Test
    void idsOutOfRangeAreNamed() {
        try (TestMachine machine = new TestMachine(1)) {
            Tensor table = machine.tensor(DType.F32, 4, 2);
            Tensor out = machine.tensor(DType.F32, 3, 2);
            DeviceException e = assertThrows(DeviceException.class, () -> machine.ops.embedding()
                    .forward(TestMachine.STREAM, machine.ints(new int[] {0, 4, -1}, 3), table, out));
            assertTrue(e.getMessage().contains("4 at position 1") && e.getMessage().contains("[0, 4)"), e.getMessage());
            e = assertThrows(DeviceException.class,
                    () -> machine.ops.loss().crossEntropy(TestMachine.STREAM, out,
                            machine.ints(new int[] {0, 1, -7}, 3),
                            1, machine.tensor(DType.F32, 3), machine.tensor(DType.F32, 1)));
            assertTrue(e.getMessage().contains("-7 at position 2"), e.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"0,4,F32", "1,1,F32", "33,50,F32", "20,2048,F32", "8,100,BF16"})
    void crossEntropy(int t, int v, DType type) {
        Random random = new Random(t * 3 + v);
        float scale = 0.125f;
        try (TestMachine machine = new TestMachine(2)) {
            double[] logits = Expect.random(random, type, (long) t * v);
            int[] labels = random.ints(t, 0, v).toArray();
            double loss = 1.5;
            double[] gradient = new double[t * v];
            double[] rowLoss = new double[t];
            for (int i = 0; i < t; i++) {
                double sum = 0;
                for (int j = 0; j < v; j++) {
                    logits[i * v + j] *= 8;
                    sum += Math.exp(logits[i * v + j]);
                }
                for (int j = 0; j < v; j++) {
                    gradient[i * v + j] = scale * (Math.exp(logits[i * v + j]) / sum - (labels[i] == j ? 1 : 0));
                }
                rowLoss[i] = Math.log(sum) - logits[i * v + labels[i]];
                loss += scale * rowLoss[i];
            }
            Tensor x = machine.floats(type, logits, t, v);
            Tensor total = machine.floats(DType.F32, new double[] {1.5}, 1);
            Tensor rows = machine.tensor(DType.F32, t);
            machine.ops.loss().crossEntropy(TestMachine.STREAM, x, machine.ints(labels, t), scale, rows, total);
            // The argument of exp is exact to half a unit of 16, so exp to 8 singles; then 2 for exp, and as many roundings as a lane adds.
            double few = (20 + v / 16.0) * Expect.SINGLE;
            Expect.near(gradient, x, Expect.rounding(type) + few, scale * few);
            Expect.near(rowLoss, rows, few, few);
            Expect.near(new double[] {loss}, total, few, few);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,F32,F32", "1,F32,F32", "9001,F32,F32", "5000,BF16,F32", "100,BF16,BF16"})
    void adamw(int n, DType type, DType moments) {
        Random random = new Random(n);
        try (TestMachine machine = new TestMachine(2)) {
            double[] p = Expect.random(random, type, n);
            double[] g = Expect.random(random, type, n);
            double[] m = Expect.random(random, moments, n);
            double[] v = Expect.random(random, moments, n);
            Tensor[] tensors = new Tensor[4];
            for (int i = 0; i < n; i++) {
                v[i] = Math.abs(v[i]);
            }
            tensors[0] = machine.floats(type, p, n);
            tensors[1] = machine.floats(type, g, n);
            tensors[2] = machine.floats(moments, m, n);
            tensors[3] = machine.floats(moments, v, n);
            AdamW a = new AdamW(tensors[0], tensors[1], tensors[2], tensors[3], 0.01f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.5f,
                    3);
            double[] wanted = new double[n];
            for (int i = 0; i < n; i++) {
                double x = 0.5 * g[i];
                m[i] = a.beta1() * m[i] + (1 - (double) a.beta1()) * x;
                v[i] = a.beta2() * v[i] + (1 - (double) a.beta2()) * x * x;
                double mHat = m[i] / (1 - Math.pow(a.beta1(), 3));
                double vHat = v[i] / (1 - Math.pow(a.beta2(), 3));
                wanted[i] = p[i] * (1 - (double) a.learningRate() * a.weightDecay())
                        - a.learningRate() * mHat / (Math.sqrt(vHat) + a.eps());
            }
            machine.ops.optimizer().adamw(TestMachine.STREAM, a);
            double few = 16 * Expect.SINGLE;
            Expect.near(wanted, tensors[0], Expect.rounding(type) + few, few);
            Expect.near(m, tensors[2], Expect.rounding(moments) + few, few);
            Expect.near(v, tensors[3], Expect.rounding(moments) + few, few);
        }
    }

    /** The same parameters in single precision say what is rounded; the definition in {@link Rounding.Stochastic} says how. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 20_003})
    void adamwRoundsStochastically(int n) {
        Random random = new Random(n);
        try (TestMachine machine = new TestMachine(2)) {
            double[] p = Expect.random(random, DType.BF16, n);
            double[] g = Expect.random(random, DType.F32, n);
            Rounding.Stochastic rounding = Rounding.Stochastic.of(42, "layers.0.weight", 7, 1_000_000_007L);
            Tensor exact = machine.floats(DType.F32, p, n);
            Tensor rounded = machine.floats(DType.BF16, p, n);
            for (Tensor parameter : List.of(exact, rounded)) {
                Tensor zeros = machine.floats(DType.F32, new double[n], n);
                Tensor again = machine.floats(DType.F32, new double[n], n);
                machine.ops.optimizer().adamw(TestMachine.STREAM, new AdamW(parameter, machine.floats(DType.F32, g, n),
                        zeros, again, 1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, 1, 1,
                        parameter == rounded ? rounding : Rounding.nearest()));
            }
            double[] wanted = TestMachine.read(exact);
            double drift = 0;
            double variance = 0;
            for (int i = 0; i < n; i++) {
                int bits = Float.floatToRawIntBits((float) wanted[i]);
                double below = Float.intBitsToFloat(bits & 0xFFFF_0000);
                double above = Float.intBitsToFloat((bits & 0xFFFF_0000) + 0x1_0000);
                double up = (bits & 0xFFFF) / 65536.0;
                double value = Float.intBitsToFloat((bits + rounding.bits(i)) & 0xFFFF_0000);
                drift += (value - wanted[i]) / Math.abs(above - below);
                variance += up * (1 - up);
                wanted[i] = value;
            }
            Expect.near(wanted, rounded, 0, 0);
            assertTrue(Math.abs(drift) <= 4 * Math.sqrt(variance), "the errors add up to " + drift
                    + " units of the last place, more than four standard deviations of " + Math.sqrt(variance));
        }
    }

    @ParameterizedTest
    @CsvSource({"0,F32", "1,F32", "100003,F32", "5000,BF16"})
    void sumOfSquares(int n, DType type) {
        Random random = new Random(n);
        try (TestMachine machine = new TestMachine(2)) {
            double[] x = Expect.random(random, type, n);
            double wanted = 2;
            for (double value : x) {
                wanted += value * value;
            }
            Tensor sum = machine.floats(DType.F32, new double[] {2}, 1);
            machine.ops.optimizer().sumOfSquares(TestMachine.STREAM, machine.floats(type, x, n), sum, Optional.empty());
            // At most 4096 / 32 additions in a lane, then doubles.
            Expect.near(new double[] {wanted}, sum, 135 * Expect.SINGLE, 0);
            assertEquals(1, sum.elements());
        }
    }
}
