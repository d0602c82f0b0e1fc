package io.moe4j.tests.gpu;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Causal attention, against the matrix of scores in doubles. */
@Tag("gpu")
final class AttentionGpuTest {

    @ParameterizedTest(name = "{0} B{1} S{2} H{3} Q{4} V{5}")
    @CsvSource({"F32,2,17,3,24,16", "F32,1,1,1,1,1", "BF16,2,33,2,48,32", "BF16,1,128,2,192,128",
            "BF16,2,256,4,192,128",
            "BF16,1,200,2,192,128", "BF16,1,1024,1,192,128", "F32,1,96,2,192,128", "BF16,3,64,1,192,128"})
    void agreesWithDoubles(DType dtype, int batch, int sequence, int heads, int q, int v) {
        try (Gpu gpu = Gpu.open()) {
            AttentionShape shape = new AttentionShape(batch, sequence, heads, q, v, dtype);
            float scale = (float) (1 / Math.sqrt(q));
            double[] qs = Reference.random(dtype, (long) batch * sequence * heads * q, 1);
            double[] ks = Reference.random(dtype, (long) batch * sequence * heads * q, 2);
            double[] vs = Reference.random(dtype, (long) batch * sequence * heads * v, 3);
            double[] dos = Reference.random(dtype, (long) batch * sequence * heads * v, 4);
            Expected expected = Expected.of(batch, sequence, heads, q, v, scale, qs, ks, vs, dos);
            // Keys and values as the model has them: two slices of one tensor, so that rows have gaps.
            Tensor kv = gpu.tensor(dtype, batch, sequence, heads, q + v);
            Tensor kt = kv.slice(3, 0, q);
            Tensor vt = kv.slice(3, q, q + v);
            Tensor qt = gpu.floats(dtype, qs, batch, sequence, heads, q);
            gpu.device.ops().elementwise().copy(gpu.stream, gpu.floats(dtype, ks, batch, sequence, heads, q), kt);
            gpu.device.ops().elementwise().copy(gpu.stream, gpu.floats(dtype, vs, batch, sequence, heads, v), vt);
            Tensor o = gpu.tensor(dtype, batch, sequence, heads, v);
            Tensor lse = gpu.tensor(DType.F32, batch, heads, sequence);
            AttentionOps attention = gpu.device.ops().attention();
            var forward = new AttentionOps.Forward(shape, scale, qt, kt, vt, o, lse,
                    workspace(gpu, gpu.device.workspaceSizes().attentionForward(shape)));
            attention.forward(gpu.stream, forward);
            // bf16: probabilities and results are rounded; sums of S terms of fp32 otherwise.
            double unit = dtype == DType.BF16 ? Math.scalb(1.0, -8) : 1e-5;
            Reference.close("o", expected.o, gpu.read(o), unit, unit * Reference.largest(expected.o));
            Reference.close("lse", expected.lse, gpu.read(lse), 1e-5, 1e-4);
            Tensor dq = gpu.tensor(dtype, batch, sequence, heads, q);
            Tensor dkv = gpu.tensor(dtype, batch, sequence, heads, q + v);
            Tensor dk = dkv.slice(3, 0, q);
            Tensor dv = dkv.slice(3, q, q + v);
            var backward = new AttentionOps.Backward(forward, gpu.floats(dtype, dos, batch, sequence, heads, v), dq, dk,
                    dv,
                    workspace(gpu, gpu.device.workspaceSizes().attentionBackward(shape)));
            attention.backward(gpu.stream, backward);
            double[] first = gpu.read(dq);
            Reference.close("dq", expected.dq, first, 2 * unit, 2 * unit * Reference.largest(expected.dq));
            Reference.close("dk", expected.dk, gpu.read(dk), 2 * unit, 2 * unit * Reference.largest(expected.dk));
            Reference.close("dv", expected.dv, gpu.read(dv), 2 * unit, 2 * unit * Reference.largest(expected.dv));
            for (int round = 0; round < 5; round++) {
                attention.backward(gpu.stream, backward);
                Reference.same("dq again", first, gpu.read(dq));
            }
        }
    }

    private static Optional<Tensor> workspace(Gpu gpu, long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(gpu.tensor(DType.F32, Math.ceilDiv(bytes, 4L)));
    }

    /** All results, in the layouts of the operation. */
    private record Expected(double[] o, double[] lse, double[] dq, double[] dk, double[] dv) {

        static Expected of(int batch, int sequence, int heads, int q, int v, double scale, double[] qs, double[] ks,
                double[] vs, double[] dos) {
            Expected e = new Expected(new double[dos.length], new double[batch * heads * sequence],
                    new double[qs.length],
                    new double[ks.length], new double[vs.length]);
            double[] p = new double[sequence];
            for (int b = 0; b < batch; b++) {
                for (int h = 0; h < heads; h++) {
                    for (int i = 0; i < sequence; i++) {
                        int row = (b * sequence + i) * heads + h;
                        double top = Double.NEGATIVE_INFINITY;
                        for (int j = 0; j <= i; j++) {
                            p[j] = scale * dot(qs, row * q, ks, ((b * sequence + j) * heads + h) * q, q);
                            top = Math.max(top, p[j]);
                        }
                        double sum = 0;
                        for (int j = 0; j <= i; j++) {
                            sum += Math.exp(p[j] - top);
                        }
                        e.lse[(b * heads + h) * sequence + i] = top + Math.log(sum);
                        double delta = 0;
                        for (int j = 0; j <= i; j++) {
                            p[j] = Math.exp(p[j] - top) / sum;
                            int key = (b * sequence + j) * heads + h;
                            add(e.o, row * v, p[j], vs, key * v, v);
                            add(e.dv, key * v, p[j], dos, row * v, v);
                            delta += p[j] * dot(dos, row * v, vs, key * v, v);
                        }
                        for (int j = 0; j <= i; j++) {
                            int key = (b * sequence + j) * heads + h;
                            double ds = scale * p[j] * (dot(dos, row * v, vs, key * v, v) - delta);
                            add(e.dq, row * q, ds, ks, key * q, q);
                            add(e.dk, key * q, ds, qs, row * q, q);
                        }
                    }
                }
            }
            return e;
        }

        private static double dot(double[] a, int from, double[] b, int with, int count) {
            double sum = 0;
            for (int i = 0; i < count; i++) {
                sum += a[from + i] * b[with + i];
            }
            return sum;
        }

        private static void add(double[] to, int at, double factor, double[] from, int with, int count) {
            for (int i = 0; i < count; i++) {
                to[at + i] += factor * from[with + i];
            }
        }
    }
}
