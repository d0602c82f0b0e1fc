package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {

    @ParameterizedTest
    @CsvSource({"1,1,1,8,8,F32", "2,32,2,24,24,F32", "1,24,3,24,8,F32", "1,130,2,192,128,F32", "1,1200,1,24,16,F32",
            "0,8,1,8,8,F32", "1,0,1,8,8,F32", "2,50,2,40,24,BF16", "1,700,1,16,8,BF16"})
    void agreesWithDoubles(int batch, int s, int heads, int q, int v, DType type) {
        Random random = new Random(s + q);
        float scale = (float) (1.5 / Math.sqrt(q));
        try (TestMachine machine = new TestMachine(3)) {
            Tensor qs = tensor(machine, random, type, batch, s, heads, q, true);
            Tensor ks = tensor(machine, random, type, batch, s, heads, q, true);
            Tensor vs = tensor(machine, random, type, batch, s, heads, v, true);
            Tensor os = tensor(machine, random, type, batch, s, heads, v, false);
            Tensor dos = tensor(machine, random, type, batch, s, heads, v, false);
            Tensor dqs = tensor(machine, random, type, batch, s, heads, q, true);
            Tensor dks = tensor(machine, random, type, batch, s, heads, q, true);
            Tensor dvs = tensor(machine, random, type, batch, s, heads, v, true);
            Tensor lse = machine.tensor(DType.F32, batch, heads, s);
            AttentionShape shape = new AttentionShape(batch, s, heads, q, v, type);
            Forward forward = new Forward(shape, scale, qs, ks, vs, os, lse, Optional.empty());
            machine.ops.attention().forward(TestMachine.STREAM, forward);
            Reference r = new Reference(batch, s, heads, q, v, scale);
            r.forward(TestMachine.read(qs), TestMachine.read(ks), TestMachine.read(vs));
            // A score is off by q roundings of sums below q · scale; exp passes that on; sums over keys add as many roundings as blocks.
            double few = Expect.SINGLE * (q * q * scale + 64);
            Expect.near(r.o, os, Expect.rounding(type) + few, few);
            Expect.near(r.lse, lse, few, few);
            // Backward sees forward's rounded output: its error enters through Σ o · do.
            double passed = type == DType.BF16 ? Expect.NARROW * Math.sqrt(v) * scale : 0;
            machine.ops.attention().backward(TestMachine.STREAM,
                    new Backward(forward, dos, dqs, dks, dvs, Optional.empty()));
            r.backward(TestMachine.read(qs), TestMachine.read(ks), TestMachine.read(vs), TestMachine.read(dos));
            double gradient = few * v * Math.sqrt(s);
            Expect.near(r.dv, dvs, Expect.rounding(type) + few, gradient);
            Expect.near(r.dq, dqs, Expect.rounding(type) + few, gradient + passed);
            // A key's gradient collects those of all queries, with probabilities that sum to about one.
            Expect.near(r.dk, dks, Expect.rounding(type) + few, gradient + 4 * passed);
        }
    }

    private static Tensor tensor(TestMachine machine, Random random, DType type, long b, long s, long h, long d,
            boolean strided) {
        Tensor tensor = strided
                ? machine.tensor(type, b, s, h + 1, d + 3).slice(2, 1, h + 1).slice(3, 2, d + 2)
                : machine.tensor(type, b, s, h, d);
        TestMachine.write(tensor, Expect.random(random, type, tensor.elements()));
        return tensor;
    }

    private static final class Reference {
        final int b;
        final int s;
        final int h;
        final int qd;
        final int vd;
        final double scale;
        final double[] o;
        final double[] lse;
        final double[] p;
        final double[] dq;
        final double[] dk;
        final double[] dv;

        Reference(int b, int s, int h, int qd, int vd, double scale) {
            this.b = b;
            this.s = s;
            this.h = h;
            this.qd = qd;
            this.vd = vd;
            this.scale = scale;
            o = new double[b * s * h * vd];
            dv = new double[o.length];
            dq = new double[b * s * h * qd];
            dk = new double[dq.length];
            lse = new double[b * h * s];
            p = new double[b * h * s * s];
        }

        private int at(int batch, int token, int head, int dim) {
            return ((batch * s + token) * h + head) * dim;
        }

        void forward(double[] q, double[] k, double[] v) {
            for (int n = 0; n < b * h * s; n++) {
                int i = n % s;
                int head = n / s % h;
                int batch = n / s / h;
                double sum = 0;
                for (int j = 0; j <= i; j++) {
                    double score = 0;
                    for (int d = 0; d < qd; d++) {
                        score += q[at(batch, i, head, qd) + d] * k[at(batch, j, head, qd) + d];
                    }
                    p[n * s + j] = Math.exp(scale * score);
                    sum += p[n * s + j];
                }
                lse[n] = Math.log(sum);
                for (int j = 0; j <= i; j++) {
                    p[n * s + j] /= sum;
                    for (int d = 0; d < vd; d++) {
                        o[at(batch, i, head, vd) + d] += p[n * s + j] * v[at(batch, j, head, vd) + d];
                    }
                }
            }
        }

        void backward(double[] q, double[] k, double[] v, double[] dO) {
            for (int n = 0; n < b * h * s; n++) {
                int i = n % s;
                int head = n / s % h;
                int batch = n / s / h;
                int oi = at(batch, i, head, vd);
                int qi = at(batch, i, head, qd);
                double delta = 0;
                for (int d = 0; d < vd; d++) {
                    delta += o[oi + d] * dO[oi + d];
                }
                for (int j = 0; j <= i; j++) {
                    int vj = at(batch, j, head, vd);
                    int kj = at(batch, j, head, qd);
                    double dp = 0;
                    for (int d = 0; d < vd; d++) {
                        dp += v[vj + d] * dO[oi + d];
                        dv[vj + d] += p[n * s + j] * dO[oi + d];
                    }
                    double ds = scale * p[n * s + j] * (dp - delta);
                    for (int d = 0; d < qd; d++) {
                        dq[qi + d] += ds * k[kj + d];
                        dk[kj + d] += ds * q[qi + d];
                    }
                }
            }
        }
    }
}
