package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.runtime.cuda.cudnn.AttentionWorkspace;
import io.moe4j.runtime.cuda.peer.CudaPeerGroup;
import java.util.Map;

/** Workspace sizes of the CUDA operations in bytes, and the memory that the device itself allocates. The same on every GPU. */
public enum CudaWorkspaceSizes implements WorkspaceSizes {
    /** The only instance: it has no state. */
    INSTANCE;

    private static final long CUDNN_LIMIT = 4L << 30;
    static final int NORM_PARTS = 396;
    static final int SQUARE_PARTS = 1056;
    /** Number of runs into which the tokens of a word are divided: {@code RUNS} of {@code embedding.cu}. */
    static final int EMBEDDING_RUNS = 32;
    /** Counters that precede the counts of tokens per word. */
    static final int EMBEDDING_COUNTERS = 2;

    @Override
    public long attentionForward(AttentionShape shape) {
        return AttentionWorkspace.mayUse(shape) ? AttentionWorkspace.forwardBytes() : 0;
    }

    /** Enough for any of the kernels. The readable one stores one F32 per query and head. */
    @Override
    public long attentionBackward(AttentionShape shape) {
        long rows = 4 * shape.batch() * shape.heads() * shape.sequence();
        long hopper = HopperAttentionMemory.mayUse(shape) ? HopperAttentionMemory.usefulBytes(shape) : 0;
        long cudnn = takesCudnnBackward(shape) ? AttentionWorkspace.backwardBytes(shape) : 0;
        return Math.max(rows, Math.max(hopper, cudnn));
    }

    /**
     * Whether workspaces are large enough for cuDNN's gradient. Its matrix grows with the square of the sequence: 32 GiB for 16 heads and 32768 tokens. If
     * it would take more than 4 GiB for a shape that the kernels for Hopper support, Hopper does not need it, and other GPUs use the readable kernels.
     */
    static boolean takesCudnnBackward(AttentionShape shape) {
        return AttentionWorkspace.mayUse(shape) && (!HopperAttentionMemory.mayUse(shape)
                || AttentionWorkspace.backwardBytes(shape) <= CUDNN_LIMIT);
    }

    @Override
    public long rmsNormBackward(long rows, long dim) {
        return 4 * dim * Math.max(1, Math.min(rows, NORM_PARTS));
    }

    /** The layout is {@code TokensOfWords} in {@code embedding.cu}. */
    @Override
    public long embeddingBackward(long tokens, long vocabulary) {
        return 4 * (EMBEDDING_COUNTERS + 2 * vocabulary + 2 * tokens + 2 * (tokens / EMBEDDING_RUNS));
    }

    @Override
    public long sumOfSquares(long elements) {
        return 4L * SQUARE_PARTS;
    }

    @Override
    public long mixedMatmul(Matmul product) {
        return SplitMatmul.bytes(product);
    }

    @Override
    public Map<String, Long> streamMemory() {
        return Map.of(CublasMatmulOps.WORKSPACE, CublasMatmulOps.WORKSPACE_BYTES);
    }

    @Override
    public Map<String, Long> peerGroupMemory(int ranks) {
        return CudaPeerGroup.ownMemory(ranks);
    }

    @Override
    public Map<String, Long> symmetricMemory(int ranks) {
        return CudaPeerGroup.tableMemory(ranks);
    }
}
