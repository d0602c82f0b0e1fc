package io.moe4j.runtime.cuda.cudnn;

import io.moe4j.api.ops.AttentionShape;

/**
 * Workspace of attention on cuDNN. In backward, the deterministic kernel keeps a matrix of scores in bf16, S · S for each head. Large batches are
 * processed a few sequences at a time, so that the workspace stays bounded.
 */
public final class AttentionWorkspace {
    private static final long TILE = 128;
    private static final long MATRIX_LIMIT = 640L << 20;
    /** Bytes that the library takes beyond the matrix, as observed on Hopper. */
    private static final long EXTRA = 32L << 20;
    private static final long FORWARD_BYTES = 4096;
    private static final long ALIGNMENT = 256;

    private AttentionWorkspace() {}

    /** Whether cuDNN may support this shape. */
    public static boolean mayUse(AttentionShape shape) {
        return hasType(shape) && shape.queryKeyDim() % 8 == 0 && shape.valueDim() % 8 == 0;
    }

    /** Whether cuDNN has fused attention for this element type. */
    static boolean hasType(AttentionShape shape) {
        return switch (shape.dtype()) {
            case BF16 -> true;
            case F32, I32, I64, F8_E4M3 -> false;
        };
    }

    /** Sequences in one call: a divisor of the batch. */
    public static long sequencesAtOnce(AttentionShape shape) {
        for (long count = shape.batch(); count > 1; count--) {
            if (shape.batch() % count == 0 && count * matrixBytes(shape) <= MATRIX_LIMIT) {
                return count;
            }
        }
        return 1;
    }

    /** Bytes of the row sums, which come first in the workspace. */
    static long deltaBytes(AttentionShape shape) {
        return aligned(4 * sequencesAtOnce(shape) * shape.heads() * shape.sequence());
    }

    /** Bytes of the workspace in forward: a few words. */
    public static long forwardBytes() {
        return FORWARD_BYTES;
    }

    /** The shape of one run of the gradient of grouped queries: it has as many query heads as there are key heads. */
    public static AttentionShape oneRun(AttentionShape shape) {
        return AttentionShape.of(shape.batch(), shape.sequence(), shape.keyHeads(), shape.queryKeyDim(),
                shape.valueDim(), shape.dtype());
    }

    /**
     * The layout of the workspace of the gradient of grouped queries, which is computed in P runs: offsets in bytes. Each run has its own lse, dk and dv; all
     * share the workspace of one run. For 32 query heads and 4 key heads of 128 elements and sequences of 4096 tokens, there are 8 runs: their dk take
     * 8 · 4 MiB for each sequence, their dv as much, and the scores, which they share, 128 MiB.
     *
     * @param lse offset of (P, A), where each run uses the first B·G·S of its A elements
     * @param lseApart A: elements from one run to the next, chosen so that each begins at an alignment that the library accepts
     * @param dk offset of (P, B, S, G, Q)
     * @param dv offset of (P, B, S, G, V)
     * @param run offset of the workspace of one run
     * @param bytes size of the whole workspace
     */
    public record Grouped(long lse, long lseApart, long dk, long dv, long run, long bytes) {}

    /** The layout for a shape with fewer key heads than query heads. */
    public static Grouped grouped(AttentionShape shape) {
        AttentionShape run = oneRun(shape);
        long rows = sequencesAtOnce(run) * shape.sequence() * shape.heads();
        long lseApart = aligned(4 * rows / shape.queriesPerKey()) / 4;
        long dk = 4 * lseApart * shape.queriesPerKey();
        long dv = dk + aligned(shape.dtype().bytes() * rows * shape.queryKeyDim());
        long workspace = dv + aligned(shape.dtype().bytes() * rows * shape.valueDim());
        AttentionShape atOnce = AttentionShape.of(sequencesAtOnce(run), run.sequence(), run.heads(), run.queryKeyDim(),
                run.valueDim(), run.dtype());
        return new Grouped(0, lseApart, dk, dv, workspace, workspace + backwardBytes(atOnce));
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    }

    /** Bytes of the whole workspace in backward. */
    public static long backwardBytes(AttentionShape shape) {
        return shape.queriesPerKey() > 1 ? grouped(shape).bytes()
                : deltaBytes(shape) + sequencesAtOnce(shape) * matrixBytes(shape) + EXTRA;
    }

    private static long matrixBytes(AttentionShape shape) {
        long rows = Math.ceilDiv(shape.sequence(), TILE) * TILE;
        return 2 * shape.heads() * rows * rows;
    }
}
