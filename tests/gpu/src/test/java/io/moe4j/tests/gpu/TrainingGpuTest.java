package io.moe4j.tests.gpu;

import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Embedding, loss and optimizer, against doubles. */
@Tag("gpu")
final class TrainingGpuTest {

    @ParameterizedTest(name = "{0}: {1} tokens of {2} words in {3} dimensions, accumulating {4}")
    @CsvSource({"F32,40,7,12,false", "BF16,40,7,12,true", "BF16,1000,300,256,false", "F32,3,50,5,true",
            "BF16,16384,102400,64,false", "BF16,8192,3,128,false", "F32,1,1,1,false", "BF16,20000,90,77,true",
            "F32,40000,5,8,false"})
    void embedding(DType dtype, int tokens, int words, int dim, boolean accumulate) {
        try (Gpu gpu = Gpu.open()) {
            Random random = new Random(5);
            int[] ids = random.ints(tokens, 0, words).toArray();
            double[] table = Reference.random(dtype, (long) words * dim, 1);
            double[] dout = Reference.random(dtype, (long) tokens * dim, 2);
            Tensor idt = gpu.ints(ids, tokens);
            Tensor out = gpu.tensor(dtype, tokens, dim);
            gpu.device.ops().embedding().forward(gpu.stream, idt, gpu.floats(dtype, table, words, dim), out);
            double[] expected = new double[tokens * dim];
            double[] dtable = new double[words * dim];
            double[] weight = new double[words * dim];
            for (int t = 0; t < tokens; t++) {
                for (int d = 0; d < dim; d++) {
                    expected[t * dim + d] = table[ids[t] * dim + d];
                    dtable[ids[t] * dim + d] += dout[t * dim + d];
                    weight[ids[t] * dim + d] += Math.abs(dout[t * dim + d]);
                }
            }
            Reference.same("rows", expected, gpu.read(out));
            Tensor gradient = gpu.floats(DType.F32, new double[words * dim], words, dim);
            if (accumulate) {
                gpu.stream.fill(gradient, 1);
                for (int i = 0; i < dtable.length; i++) {
                    dtable[i]++;
                }
            }
            long bytes = gpu.device.workspaceSizes().embeddingBackward(tokens, words);
            gpu.device.ops().embedding().backward(gpu.stream, idt, gpu.floats(dtype, dout, tokens, dim), gradient,
                    accumulate, Optional.of(gpu.tensor(DType.I32, Math.ceilDiv(bytes, 4L))));
            double bound = 1e-6 + Reference.F32 * 2 * tokens * Reference.largest(weight) / Math.max(1, tokens / 4.0);
            Reference.close("gradient", dtable, gpu.read(gradient), 1e-5, bound + 1e-5);
        }
    }

    /** The order of the sum: runs of ceil(n / 32) of a word's n tokens, each in order, then the runs in order; all in single precision. */
    @ParameterizedTest(name = "{0} tokens of {1} words")
    @CsvSource({"33,1", "32,1", "700,9", "20000,40"})
    void embeddingSumsRunsInOrder(int tokens, int words) {
        try (Gpu gpu = Gpu.open()) {
            int dim = 72;
            int[] ids = new Random(5).ints(tokens, 0, words).toArray();
            double[] dout = Reference.random(DType.BF16, (long) tokens * dim, 2);
            double[] expected = new double[words * dim];
            for (int v = 0; v < words; v++) {
                int word = v;
                int[] mine = IntStream.range(0, tokens).filter(t -> ids[t] == word).toArray();
                for (int d = 0; d < dim; d++) {
                    expected[v * dim + d] = sumOfRuns(mine, dout, dim, d);
                }
            }
            Tensor gradient = gpu.tensor(DType.F32, words, dim);
            long bytes = gpu.device.workspaceSizes().embeddingBackward(tokens, words);
            gpu.device.ops().embedding().backward(gpu.stream, gpu.ints(ids, tokens),
                    gpu.floats(DType.BF16, dout, tokens, dim), gradient, false,
                    Optional.of(gpu.tensor(DType.I32, Math.ceilDiv(bytes, 4L))));
            Reference.same("gradient", expected, gpu.read(gradient));
        }
    }

    private static float sumOfRuns(int[] tokens, double[] dout, int dim, int column) {
        int each = Math.ceilDiv(tokens.length, 32);
        float sum = 0;
        for (int from = 0; from < tokens.length; from += each) {
            float run = 0;
            for (int i = from; i < Math.min(tokens.length, from + each); i++) {
                run += (float) dout[tokens[i] * dim + column];
            }
            sum += run;
        }
        return sum;
    }

    /** The example in {@code embedding.cu}. */
    @Test
    void embeddingExample() {
        try (Gpu gpu = Gpu.open()) {
            int[] ids = IntStream.range(0, 35).map(t -> t < 2 ? 7 : 5).toArray();
            double[] dout = IntStream.range(0, 35).mapToDouble(t -> t < 2 ? 10 : t - 1).toArray();
            Tensor gradient = gpu.floats(DType.F32, new double[8], 8, 1);
            long bytes = gpu.device.workspaceSizes().embeddingBackward(35, 8);
            gpu.device.ops().embedding().backward(gpu.stream, gpu.ints(ids, 35), gpu.floats(DType.F32, dout, 35, 1),
                    gradient, true, Optional.of(gpu.tensor(DType.I32, Math.ceilDiv(bytes, 4L))));
            Reference.same("gradient", new double[] {0, 0, 0, 0, 0, 561, 0, 20}, gpu.read(gradient));
        }
    }

    @ParameterizedTest(name = "{0}: {1} tokens over {2} words")
    @CsvSource({"F32,5,11", "BF16,64,2048", "F32,3,102400", "BF16,33,102400", "BF16,17,1001"})
    void crossEntropy(DType dtype, int tokens, int words) {
        try (Gpu gpu = Gpu.open()) {
            double[] logits = Reference.random(dtype, (long) tokens * words, 1);
            for (int i = 0; i < logits.length; i += 97) {
                logits[i] = Reference.rounded(dtype, 20 * logits[i]);
            }
            int[] labels = new Random(2).ints(tokens, 0, words).toArray();
            Tensor lt = gpu.floats(dtype, logits, tokens, words);
            Tensor loss = gpu.floats(DType.F32, new double[] {10}, 1);
            Tensor rows = gpu.tensor(DType.F32, tokens);
            gpu.device.ops().loss().crossEntropy(gpu.stream, lt, gpu.ints(labels, tokens), 0.5f, rows, loss);
            double[] gradient = new double[logits.length];
            double[] rowLoss = new double[tokens];
            double total = 10;
            for (int t = 0; t < tokens; t++) {
                double top = Double.NEGATIVE_INFINITY;
                double sum = 0;
                for (int v = 0; v < words; v++) {
                    top = Math.max(top, logits[t * words + v]);
                }
                for (int v = 0; v < words; v++) {
                    sum += Math.exp(logits[t * words + v] - top);
                }
                double lse = top + Math.log(sum);
                rowLoss[t] = lse - logits[t * words + labels[t]];
                total += 0.5 * rowLoss[t];
                for (int v = 0; v < words; v++) {
                    gradient[t * words + v] = 0.5 * (Math.exp(logits[t * words + v] - lse) - (v == labels[t] ? 1 : 0));
                }
            }
            Reference.close("row losses", rowLoss, gpu.read(rows), 1e-5, 1e-5);
            Reference.close("loss", new double[] {total}, gpu.read(loss), 1e-5, 1e-5);
            Reference.close("gradient", gradient, gpu.read(lt), Reference.unit(dtype) + 2e-5, 1e-7);
        }
    }

    @ParameterizedTest
    @CsvSource({"F32,F32,F32", "F32,F32,BF16", "F32,BF16,F32", "BF16,F32,F32", "BF16,BF16,BF16", "BF16,F32,BF16"})
    void adamw(DType parameter, DType gradient, DType state) {
        try (Gpu gpu = Gpu.open()) {
            int n = 1031;
            double[] p = Reference.random(parameter, n, 1);
            double[] g = Reference.random(gradient, n, 2);
            double[] m = Reference.random(state, n, 3);
            double[] v = Reference.random(state, n, 4);
            for (int i = 0; i < n; i++) {
                v[i] = Math.abs(v[i]);
            }
            Tensor pt = gpu.floats(parameter, p, n);
            Tensor mt = gpu.floats(state, m, n);
            Tensor vt = gpu.floats(state, v, n);
            gpu.device.ops().optimizer().adamw(gpu.stream,
                    new OptimizerOps.AdamW(pt, gpu.floats(gradient, g, n), mt, vt,
                            1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.5f, 3));
            double c1 = 1 - Math.pow(0.9f, 3);
            double c2 = 1 - Math.pow(0.95f, 3);
            for (int i = 0; i < n; i++) {
                double x = p[i] - (double) 1e-2f * 0.1f * p[i];
                double scaled = 0.5 * g[i];
                m[i] = 0.9f * m[i] + (1 - (double) 0.9f) * scaled;
                v[i] = 0.95f * v[i] + (1 - (double) 0.95f) * scaled * scaled;
                p[i] = x - 1e-2f * (m[i] / c1) / (Math.sqrt(v[i] / c2) + 1e-8);
            }
            Reference.close("first moment", m, gpu.read(mt), Reference.unit(state) + 1e-6, 1e-6);
            Reference.close("second moment", v, gpu.read(vt), Reference.unit(state) + 1e-6, 1e-6);
            Reference.close("parameter", p, gpu.read(pt), Reference.unit(parameter) + 1e-6, 2e-6);
        }
    }

    @Test
    void adamwRoundsStochasticallyAsDefined() {
        try (Gpu gpu = Gpu.open()) {
            int n = 100_003;
            double[] p = Reference.random(DType.BF16, n, 1);
            Tensor gradient = gpu.floats(DType.F32, Reference.random(DType.F32, n, 2), n);
            Rounding.Stochastic rounding = Rounding.Stochastic.of(42, "layers.0.weight", 7, 1_000_000_007L);
            Tensor exact = gpu.floats(DType.F32, p, n);
            Tensor rounded = gpu.floats(DType.BF16, p, n);
            for (Tensor parameter : List.of(exact, rounded)) {
                gpu.device.ops().optimizer().adamw(gpu.stream, new OptimizerOps.AdamW(parameter, gradient,
                        gpu.floats(DType.F32, new double[n], n), gpu.floats(DType.F32, new double[n], n),
                        1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, 1, 1, parameter == rounded ? rounding : Rounding.nearest()));
            }
            double[] wanted = gpu.read(exact);
            for (int i = 0; i < n; i++) {
                int bits = Float.floatToRawIntBits((float) wanted[i]);
                wanted[i] = Float.intBitsToFloat((bits + rounding.bits(i)) & 0xFFFF_0000);
            }
            Reference.same("parameter", wanted, gpu.read(rounded));
        }
    }

    @Test
    void sumsOfSquaresAreTheSameEveryTime() {
        try (Gpu gpu = Gpu.open()) {
            for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
                int n = 1_000_003;
                double[] x = Reference.random(dtype, n, 1);
                double expected = 0;
                for (double one : x) {
                    expected += one * one;
                }
                Tensor xt = gpu.floats(dtype, x, n);
                Tensor workspace = gpu.tensor(DType.F32, gpu.device.workspaceSizes().sumOfSquares(n) / 4);
                double[] first = null;
                for (int round = 0; round < 3; round++) {
                    Tensor sum = gpu.floats(DType.F32, new double[] {0}, 1);
                    gpu.device.ops().optimizer().sumOfSquares(gpu.stream, xt, sum, Optional.of(workspace));
                    double[] got = gpu.read(sum);
                    Reference.close("sum of squares", new double[] {expected}, got, 1e-5, 0);
                    first = first == null ? got : first;
                    Reference.same("sum of squares again", first, got);
                }
            }
        }
    }
}
