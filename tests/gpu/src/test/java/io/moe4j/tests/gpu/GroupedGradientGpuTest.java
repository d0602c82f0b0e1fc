package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The gradient of grouped queries in bf16, at sizes that the kit's definition would take minutes for: against the readable kernel, which computes the same
 * numbers in fp32, and is itself held to the definition by the kit.
 */
@Tag("gpu")
final class GroupedGradientGpuTest {

    /**
     * In bf16, o, the probabilities, the gradients of scores, each query head's part and the result are rounded, by 2⁻⁹ each at most; the fast path's sums of
     * a key head's parts have up to 8 terms of the size of the result. 2% of the largest value leaves a factor of two. A head that is left out, or taken
     * twice, is off by a third and more.
     */
    @ParameterizedTest
    @CsvSource({"2, 512, 32, 4, 128, 128", "1, 333, 8, 1, 64, 64", "3, 256, 6, 3, 192, 128", "5, 2048, 4, 2, 128, 128"})
    void isThatOfTheReadableKernel(long batch, long sequence, long heads, long keyHeads, long queryKey, long value) {
        AttentionShape narrow = new AttentionShape(batch, sequence, heads, keyHeads, queryKey, value, DType.BF16);
        AttentionShape wide = new AttentionShape(batch, sequence, heads, keyHeads, queryKey, value, DType.F32);
        try (Gpu gpu = Gpu.open()) {
            List<double[]> expected = gradients(gpu, wide);
            List<double[]> actual = gradients(gpu, narrow);
            List<double[]> again = gradients(gpu, narrow);
            String[] names = {"dq", "dk", "dv"};
            for (int i = 0; i < names.length; i++) {
                double largest = Arrays.stream(expected.get(i)).map(Math::abs).max().orElse(0);
                assertTrue(largest > 0, names[i]);
                Reference.close(names[i], expected.get(i), actual.get(i), 0, 0.02 * largest);
                assertArrayEquals(actual.get(i), again.get(i), names[i] + " again");
            }
        }
    }

    private static List<double[]> gradients(Gpu gpu, AttentionShape shape) {
        AttentionOps ops = gpu.device.ops().attention();
        Tensor q = random(gpu, shape, shape.heads(), shape.queryKeyDim(), 1);
        Tensor k = random(gpu, shape, shape.keyHeads(), shape.queryKeyDim(), 2);
        Tensor v = random(gpu, shape, shape.keyHeads(), shape.valueDim(), 3);
        Tensor o = like(gpu, shape, shape.heads(), shape.valueDim());
        Tensor lse = gpu.tensor(DType.F32, shape.batch(), shape.heads(), shape.sequence());
        float scale = (float) (1 / Math.sqrt(shape.queryKeyDim()));
        AttentionOps.Forward forward = new AttentionOps.Forward(shape, scale, q, k, v, o, lse,
                workspace(gpu, gpu.device.workspaceSizes().attentionForward(shape)));
        ops.forward(gpu.stream, forward);
        Tensor dq = like(gpu, shape, shape.heads(), shape.queryKeyDim());
        Tensor dk = like(gpu, shape, shape.keyHeads(), shape.queryKeyDim());
        Tensor dv = like(gpu, shape, shape.keyHeads(), shape.valueDim());
        ops.backward(gpu.stream, new AttentionOps.Backward(forward,
                random(gpu, shape, shape.heads(), shape.valueDim(), 4), dq, dk, dv,
                workspace(gpu, gpu.device.workspaceSizes().attentionBackward(shape))));
        return List.of(gpu.read(dq), gpu.read(dk), gpu.read(dv));
    }

    /** The same numbers for both types. */
    private static Tensor random(Gpu gpu, AttentionShape shape, long heads, long dim, long seed) {
        return gpu.floats(shape.dtype(),
                Reference.random(DType.BF16, shape.batch() * shape.sequence() * heads * dim, seed), shape.batch(),
                shape.sequence(), heads, dim);
    }

    private static Tensor like(Gpu gpu, AttentionShape shape, long heads, long dim) {
        return gpu.tensor(shape.dtype(), shape.batch(), shape.sequence(), heads, dim);
    }

    private static Optional<Tensor> workspace(Gpu gpu, long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(gpu.tensor(DType.I32, Math.ceilDiv(bytes, 4L)));
    }
}
