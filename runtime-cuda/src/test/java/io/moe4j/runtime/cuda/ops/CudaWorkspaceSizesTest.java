package io.moe4j.runtime.cuda.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import org.junit.jupiter.api.Test;

/** Workspaces of the gradient of attention, for the kernels for Hopper and for cuDNN. */
final class CudaWorkspaceSizesTest {
    private static final long MIB = 1L << 20;
    private static final CudaWorkspaceSizes SIZES = CudaWorkspaceSizes.INSTANCE;

    /** 8 of 16 key heads at a time, each with 8 query heads of 16.5 MiB; before them, 256 counters, and 784 bytes for 64 queries of a head. */
    @Test
    void groupedQueriesKeepGradientsOfScoresInTwoRounds() {
        AttentionShape shape = new AttentionShape(4, 4096, 32, 4, 128, 128, DType.BF16);
        long least = 1024 + 4 * 32 * 64 * 784;
        assertEquals(least, HopperAttentionMemory.leastBytes(shape));
        assertEquals(least + 8 * 132 * MIB, SIZES.attentionBackward(shape));
    }

    /** cuDNN's row sums, a matrix of 512 MiB and 32 MiB more, in which 32 of 64 heads of 16.5 MiB fit. */
    @Test
    void cudnnNeedsMoreForHeadsOfTheirOwn() {
        AttentionShape shape = new AttentionShape(4, 4096, 16, 16, 192, 128, DType.BF16);
        assertEquals(1024 + 4 * 16 * 64 * 784 + 32 * 33 * MIB / 2, HopperAttentionMemory.usefulBytes(shape));
        assertEquals(4 * 16 * 4096 + 544 * MIB, SIZES.attentionBackward(shape));
    }

    /** The gradients of scores of two heads of 16384 tokens would fit, but these have too few blocks of queries to keep a GPU busy. */
    @Test
    void smallRoundsKeepNothing() {
        AttentionShape shape = new AttentionShape(1, 16384, 16, 16, 192, 128, DType.BF16);
        assertEquals(1024 + 16 * 256 * 784, SIZES.attentionBackward(shape));
    }

    /** A head of 32768 tokens would take 1028 MiB, so gradients of scores are computed twice. */
    @Test
    void longSequencesKeepNothing() {
        AttentionShape shape = new AttentionShape(1, 32768, 16, 16, 192, 128, DType.BF16);
        assertEquals(1024 + 16 * 512 * 784, SIZES.attentionBackward(shape));
    }
}
