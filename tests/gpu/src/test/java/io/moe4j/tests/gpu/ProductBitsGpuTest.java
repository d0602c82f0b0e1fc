package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Products in the shapes of training have the bits of the algorithm that cuBLAS recommends first, although another one may be used. The first one still
 * computes the product into F32; rounded to bf16, the same sums have the same bits.
 */
@Tag("gpu")
@Timeout(120)
final class ProductBitsGpuTest {
    private static final long TOKENS = 16384;
    /** Rows of random numbers, which are then repeated. */
    private static final long RANDOM_ROWS = 512;

    /** Queries, keys and values, shared experts, dense network: (outputs, inputs). */
    @Test
    void forward() {
        for (long[] shape : new long[][] {{3072, 2048}, {4096, 2048}, {4096, 512}, {5632, 2048}, {21888, 2048}}) {
            check(TOKENS, shape[0], shape[1], true);
        }
    }

    @Test
    void logitsOfAChunk() {
        check(4096, 102400, 2048, true);
    }

    /** Of the dense network's second matrix, of Qwen3's outputs, and of latents and keys: (inputs, outputs). */
    @Test
    void inputGradients() {
        for (long[] shape : new long[][] {{10944, 2048}, {4096, 2048}, {2048, 576}, {2048, 512}}) {
            check(TOKENS, shape[0], shape[1], false);
        }
    }

    private static void check(long m, long n, long k, boolean transposeB) {
        try (Gpu gpu = Gpu.open()) {
            Tensor a = random(gpu, 1, m, k);
            Tensor b = transposeB ? random(gpu, 2, n, k) : random(gpu, 2, k, n);
            Tensor c = gpu.tensor(DType.BF16, m, n);
            Tensor wide = gpu.tensor(DType.F32, m, n);
            Tensor expected = gpu.tensor(DType.BF16, m, n);
            gpu.device.ops().matmul().matmul(gpu.stream, new Matmul(a, b, c, false, transposeB, 1, 0));
            gpu.device.ops().matmul().matmul(gpu.stream, new Matmul(a, b, wide, false, transposeB, 1, 0));
            gpu.device.ops().elementwise().copy(gpu.stream, wide, expected);
            String what = "(" + m + ", " + k + ") times (" + k + ", " + n + ")" + (transposeB ? " transposed" : "");
            assertEquals(digest(gpu, expected), digest(gpu, c), what);
            inAnotherOrder(gpu, a, b, c, transposeB);
            assertNotEquals(digest(gpu, expected), digest(gpu, c), what + ", summed in two halves");
        }
    }

    /** The control: the same sums in another order have other bits. */
    private static void inAnotherOrder(Gpu gpu, Tensor a, Tensor b, Tensor c, boolean transposeB) {
        long k = a.dim(1);
        int terms = transposeB ? 1 : 0;
        Tensor sum = gpu.tensor(DType.F32, c.dim(0), c.dim(1));
        gpu.device.ops().matmul().matmul(gpu.stream, new Matmul(a.slice(1, k / 2, k), b.slice(terms, k / 2, k), sum,
                false, transposeB, 1, 0));
        gpu.device.ops().matmul().matmul(gpu.stream, new Matmul(a.slice(1, 0, k / 2), b.slice(terms, 0, k / 2), sum,
                false, transposeB, 1, 1));
        gpu.device.ops().elementwise().copy(gpu.stream, sum, c);
    }

    private static long digest(Gpu gpu, Tensor x) {
        Tensor digest = gpu.tensor(DType.I64, 1);
        gpu.stream.fill(digest, 0);
        gpu.device.ops().elementwise().digest(gpu.stream, x, digest);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_LONG);
            gpu.stream.download(digest, host);
            return host.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    private static Tensor random(Gpu gpu, long seed, long rows, long columns) {
        Random random = new Random(seed);
        double[] values = random.doubles(RANDOM_ROWS * columns, -1, 1).toArray();
        Tensor block = gpu.floats(DType.BF16, values, RANDOM_ROWS, columns);
        Tensor all = gpu.tensor(DType.BF16, rows, columns);
        for (long from = 0; from < rows; from += RANDOM_ROWS) {
            long to = Math.min(rows, from + RANDOM_ROWS);
            gpu.device.ops().elementwise().copy(gpu.stream, block.slice(0, 0, to - from), all.slice(0, from, to));
        }
        return all;
    }
}
