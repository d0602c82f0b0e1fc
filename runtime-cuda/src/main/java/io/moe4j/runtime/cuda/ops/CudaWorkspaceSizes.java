package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.runtime.cuda.cudnn.AttentionWorkspace;
import io.moe4j.runtime.cuda.peer.CudaPeerGroup;
import java.util.Map;

/** Scratch of the CUDA operations, and what the device allocates by itself; the same on every GPU. */
public enum CudaWorkspaceSizes implements WorkspaceSizes {
    /** The only one: it has no state. */
    INSTANCE;

    static final int NORM_PARTS = 396;
    static final int SQUARE_PARTS = 1056;
    /** Runs that the tokens of a word are cut into, as in {@code embedding.cu}. */
    static final int EMBEDDING_RUNS = 32;
    /** Counters before the tokens of each word are counted. */
    static final int EMBEDDING_COUNTERS = 2;

    @Override
    public long attentionForward(AttentionShape shape) {
        return AttentionWorkspace.mayUse(shape) ? AttentionWorkspace.forwardBytes() : 0;
    }

    /** The slow kernel keeps a number a row. */
    @Override
    public long attentionBackward(AttentionShape shape) {
        long rows = 4 * shape.batch() * shape.heads() * shape.sequence();
        return AttentionWorkspace.mayUse(shape) ? Math.max(rows, AttentionWorkspace.backwardBytes(shape)) : rows;
    }

    @Override
    public long rmsNormBackward(long rows, long dim) {
        return 4 * dim * Math.max(1, Math.min(rows, NORM_PARTS));
    }

    /** As {@code TokensOfWords} lays it out. */
    @Override
    public long embeddingBackward(long tokens, long vocabulary) {
        return 4 * (EMBEDDING_COUNTERS + 2 * vocabulary + 2 * tokens + 2 * (tokens / EMBEDDING_RUNS));
    }

    @Override
    public long sumOfSquares(long elements) {
        return 4L * SQUARE_PARTS;
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
