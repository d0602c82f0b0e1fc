package io.moe4j.tests.gpu;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the comments of kernels promise beyond the contract of devices: the examples with numbers, and the order of sums. */
@Tag("gpu")
final class KernelExamplesGpuTest {

    /** The examples in {@code norm.cu}. */
    @Test
    void rmsNormExample() {
        try (Gpu gpu = Gpu.open()) {
            NormOps norm = gpu.device.ops().norm();
            Tensor x = gpu.floats(DType.F32, new double[] {3, 4}, 1, 2);
            Tensor w = gpu.floats(DType.F32, new double[] {1, 2}, 2);
            Tensor y = gpu.tensor(DType.F32, 1, 2);
            Tensor rstd = gpu.tensor(DType.F32, 1);
            norm.forward(gpu.stream, x, w, 0, y, rstd);
            Reference.close("y", new double[] {0.8485281, 2.2627417}, gpu.read(y), 1e-6, 0);
            Reference.close("rstd", new double[] {0.2828427}, gpu.read(rstd), 1e-6, 0);
            Tensor dx = gpu.tensor(DType.F32, 1, 2);
            Tensor dw = gpu.tensor(DType.F32, 2);
            norm.backward(gpu.stream, new NormOps.Backward(gpu.floats(DType.F32, new double[] {1, 1}, 1, 2), x, w, rstd,
                    dx, false, dw, false,
                    Optional.of(gpu.tensor(DType.F32, gpu.device.workspaceSizes().rmsNormBackward(1, 2) / 4))));
            Reference.close("dx", new double[] {-0.0905097, 0.0678823}, gpu.read(dx), 1e-5, 0);
            Reference.close("dw", new double[] {0.8485281, 1.1313708}, gpu.read(dw), 1e-6, 0);
        }
    }

    /** The example in {@code norm.cu} of a gradient that is added to another. */
    @Test
    void addedNormGradientExample() {
        try (Gpu gpu = Gpu.open()) {
            Tensor dx = gpu.tensor(DType.BF16, 1, 8);
            gpu.device.ops().normBackwardAdded(gpu.stream,
                    new NormOps.Backward(row(gpu, 1, 1), row(gpu, 3, 4), row(gpu, 1, 2).view(8),
                            gpu.floats(DType.F32, new double[] {Math.sqrt(0.32)}, 1), dx, false,
                            gpu.tensor(DType.F32, 8), false,
                            Optional.of(gpu.tensor(DType.F32, gpu.device.workspaceSizes().rmsNormBackward(1, 8) / 4))),
                    row(gpu, 1, 0));
            Reference.same("dx", new double[] {0.8203125, 0.1357421875, 0, 0, 0, 0, 0, 0}, gpu.read(dx));
        }
    }

    private static Tensor row(Gpu gpu, double first, double second) {
        return gpu.floats(DType.BF16, new double[] {first, second, 0, 0, 0, 0, 0, 0}, 1, 8);
    }

    /** The example in {@code decode.cu}. */
    @Test
    void decodeExample() {
        try (Gpu gpu = Gpu.open()) {
            Tensor o = gpu.tensor(DType.F32, 1, 1, 1);
            gpu.device.ops().attention().decode(gpu.stream,
                    AttentionOps.Decode.of(1, gpu.floats(DType.F32, new double[] {0}, 1, 1, 1),
                            gpu.floats(DType.F32, new double[] {0, 0}, 2, 1, 1),
                            gpu.floats(DType.F32, new double[] {2, 4}, 2, 1, 1), o));
            Reference.close("o", new double[] {3}, gpu.read(o), 1e-6, 0);
        }
    }

    /** The order of the sum: the n tokens of a word in runs of ceil(n / 32), each run in order, then the runs in order; all in fp32. */
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

    /** The example in {@code loss.cu}. */
    @Test
    void crossEntropyExample() {
        try (Gpu gpu = Gpu.open()) {
            Tensor logits = gpu.floats(DType.F32, new double[4], 2, 2);
            Tensor rows = gpu.tensor(DType.F32, 2);
            Tensor loss = gpu.floats(DType.F32, new double[1], 1);
            gpu.device.ops().loss().crossEntropy(gpu.stream, logits, gpu.ints(new int[] {1, LossOps.IGNORED_LABEL}, 2),
                    1, rows, loss);
            Reference.close("gradient", new double[] {0.5, -0.5, 0, 0}, gpu.read(logits), 1e-6, 0);
            Reference.close("row losses", new double[] {0.6931472, 0}, gpu.read(rows), 1e-6, 0);
        }
    }

    /** The example in {@code attention.cu}: with equal scores, each output is the mean of the values that the query sees. */
    @Test
    void attentionWithinDocumentsExample() {
        try (Gpu gpu = Gpu.open()) {
            AttentionShape shape = AttentionShape.of(1, 3, 1, 1, 1, DType.F32);
            Tensor zero = gpu.floats(DType.F32, new double[3], 1, 3, 1, 1);
            Tensor o = gpu.tensor(DType.F32, 1, 3, 1, 1);
            Tensor lse = gpu.tensor(DType.F32, 1, 1, 3);
            gpu.device.ops().attention().forward(gpu.stream, AttentionOps.Forward.of(shape, 1, zero, zero,
                    gpu.floats(DType.F32, new double[] {2, 4, 8}, 1, 3, 1, 1), o, lse)
                    .withStarts(gpu.ints(new int[] {0, 0, 2}, 1, 3)));
            Reference.close("o", new double[] {2, 3, 8}, gpu.read(o), 1e-6, 0);
            Reference.close("lse", new double[] {0, 0.6931472, 0}, gpu.read(lse), 1e-6, 1e-7);
        }
    }
}
