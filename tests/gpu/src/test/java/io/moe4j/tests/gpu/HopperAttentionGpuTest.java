package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention in bf16 with heads of 192 or 128 elements, for which GPUs of the Hopper generation have kernels of their own, at sizes that the kit's
 * definition would take minutes for: against the readable kernel, which computes the same numbers in fp32, and is itself held to the definition by
 * the kit.
 */
@Tag("gpu")
final class HopperAttentionGpuTest {
    private static final String[] NAMES = {"o", "lse", "dq", "dk", "dv"};

    /**
     * A document has {@code length} tokens on average, or is a whole sequence if that is 0. {@code size} is that of queries and keys: scores are 1.5
     * size² on average, up to 100 for a size of 4. A small workspace of {@code workspaceKiB} does not hold the gradients of scores; 0
     * stands for what the device asks for. In bf16, o, probabilities, gradients of scores, and results are rounded, by 2⁻⁹ each at most, and a key
     * head's gradient sums up to 8 heads: 2% of the largest value leaves a factor of two. A key too many or too few is off by far more.
     */
    @ParameterizedTest
    @CsvSource({
            "1, 1, 1, 1, 192, 0, 1, 0",
            "1, 64, 2, 2, 192, 1, 1, 0",
            "2, 513, 3, 3, 192, 0, 1, 0",
            "2, 1000, 4, 2, 192, 7, 1, 0",
            "1, 1024, 4, 4, 192, 200, 1, 1024",
            "3, 1025, 4, 4, 192, 100, 1, 0",
            "1, 4096, 2, 2, 192, 1500, 1, 0",
            "2, 640, 8, 1, 128, 0, 1, 0",
            "3, 1333, 6, 2, 128, 64, 1, 0",
            "2, 2048, 8, 4, 128, 300, 4, 0",
            "1, 1500, 8, 2, 128, 3, 1, 1024"})
    void isThatOfTheReadableKernel(int batch, int sequence, int heads, int keyHeads, int queryKey, int length, int size,
            long workspaceKiB) {
        AttentionShape narrow = new AttentionShape(batch, sequence, heads, keyHeads, queryKey, 128, DType.BF16);
        AttentionShape wide = new AttentionShape(batch, sequence, heads, keyHeads, queryKey, 128, DType.F32);
        int[] starts = starts(batch, sequence, length);
        try (Gpu gpu = Gpu.open()) {
            List<double[]> expected = results(gpu, wide, size, length == 0 ? new int[0] : starts, 0);
            List<double[]> actual = results(gpu, narrow, size, length == 0 ? new int[0] : starts, workspaceKiB);
            List<double[]> again = results(gpu, narrow, size, length == 0 ? new int[0] : starts, workspaceKiB);
            for (int i = 0; i < NAMES.length; i++) {
                double largest = Arrays.stream(expected.get(i)).map(Math::abs).max().orElse(0);
                // With one key for each query, gradients of scores are differences of equal numbers, of size 10 at most.
                double bound = NAMES[i].equals("lse") ? 1e-4 * (1 + largest) : 0.02 * largest + 1e-4;
                Reference.close(NAMES[i], expected.get(i), actual.get(i), 0, bound);
                assertArrayEquals(actual.get(i), again.get(i), NAMES[i] + " again");
            }
            assertTrue(Arrays.stream(expected.getFirst()).anyMatch(value -> value != 0));
        }
    }

    @Test
    void aWorkspaceThatIsNotAlignedIsRefused() {
        AttentionShape shape = new AttentionShape(1, 64, 2, 2, 192, 128, DType.BF16);
        try (Gpu gpu = Gpu.open()) {
            Tensor q = random(gpu, shape, 2, 192, 1, 1);
            Tensor v = random(gpu, shape, 2, 128, 3, 1);
            Tensor words = gpu.tensor(DType.I32, 1 << 20);
            Tensor shifted = Tensor.of(words.memory(), words.byteOffset() + 4, DType.I32, (1 << 20) - 1);
            AttentionOps.Backward call = new AttentionOps.Backward(new AttentionOps.Forward(shape, 0.1f, q, q, v, v,
                    gpu.tensor(DType.F32, 1, 2, 64), Optional.empty()), v, like(gpu, shape, 2, 192),
                    like(gpu, shape, 2,
                            192),
                    like(gpu, shape, 2, 128), Optional.of(shifted));
            String message = assertThrows(DeviceException.class,
                    () -> gpu.device.ops().attention().backward(gpu.stream, call)).getMessage();
            assertTrue(message.contains("multiple of 16"), message);
        }
    }

    private static int[] starts(int batch, int sequence, int length) {
        int[] starts = new int[batch * sequence];
        Random random = new Random(17);
        for (int t = 0; t < starts.length; t++) {
            int s = t % sequence;
            starts[t] = s == 0 || (length > 0 && random.nextInt(length) == 0) ? s : starts[t - 1];
        }
        return starts;
    }

    private static List<double[]> results(Gpu gpu, AttentionShape shape, int size, int[] starts, long workspaceKiB) {
        AttentionOps ops = gpu.device.ops().attention();
        Tensor q = random(gpu, shape, shape.heads(), shape.queryKeyDim(), 1, size);
        Tensor k = random(gpu, shape, shape.keyHeads(), shape.queryKeyDim(), 2, size);
        Tensor v = random(gpu, shape, shape.keyHeads(), shape.valueDim(), 3, 1);
        Tensor o = like(gpu, shape, shape.heads(), shape.valueDim());
        Tensor lse = gpu.tensor(DType.F32, shape.batch(), shape.heads(), shape.sequence());
        float scale = (float) (1.5 / Math.sqrt(shape.queryKeyDim()));
        AttentionOps.Forward plain = new AttentionOps.Forward(shape, scale, q, k, v, o, lse,
                workspace(gpu, gpu.device.workspaceSizes().attentionForward(shape)));
        AttentionOps.Forward forward = starts.length == 0 ? plain
                : plain.withStarts(gpu.ints(starts, shape.batch(), shape.sequence()));
        ops.forward(gpu.stream, forward);
        Tensor dq = like(gpu, shape, shape.heads(), shape.queryKeyDim());
        Tensor dk = like(gpu, shape, shape.keyHeads(), shape.queryKeyDim());
        Tensor dv = like(gpu, shape, shape.keyHeads(), shape.valueDim());
        ops.backward(gpu.stream, new AttentionOps.Backward(forward,
                random(gpu, shape, shape.heads(), shape.valueDim(), 4, 1), dq, dk, dv, workspace(gpu,
                        workspaceKiB > 0 ? workspaceKiB << 10
                                : gpu.device.workspaceSizes().attentionBackward(shape))));
        return List.of(gpu.read(o), gpu.read(lse), gpu.read(dq), gpu.read(dk), gpu.read(dv));
    }

    /** The same numbers for both types. */
    private static Tensor random(Gpu gpu, AttentionShape shape, long heads, long dim, long seed, int size) {
        double[] values = Reference.random(DType.BF16, shape.batch() * shape.sequence() * heads * dim, seed);
        return gpu.floats(shape.dtype(), Arrays.stream(values).map(value -> size * value).toArray(), shape.batch(),
                shape.sequence(), heads, dim);
    }

    private static Tensor like(Gpu gpu, AttentionShape shape, long heads, long dim) {
        return gpu.tensor(shape.dtype(), shape.batch(), shape.sequence(), heads, dim);
    }

    private static Optional<Tensor> workspace(Gpu gpu, long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(gpu.tensor(DType.I32, Math.ceilDiv(bytes, 4L)));
    }
}
