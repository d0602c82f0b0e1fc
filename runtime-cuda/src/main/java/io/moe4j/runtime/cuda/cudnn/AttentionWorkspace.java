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
            case F32, I32, I64 -> false;
        };
    }

    /** Sequences in one call: a divisor of the batch. */
    static long sequencesAtOnce(AttentionShape shape) {
        for (long count = shape.batch(); count > 1; count--) {
            if (shape.batch() % count == 0 && count * matrixBytes(shape) <= MATRIX_LIMIT) {
                return count;
            }
        }
        return 1;
    }

    /** Bytes of the row sums, which come first in the workspace. */
    static long deltaBytes(AttentionShape shape) {
        return Math.ceilDiv(4 * sequencesAtOnce(shape) * shape.heads() * shape.sequence(), ALIGNMENT) * ALIGNMENT;
    }

    /** Bytes of the workspace in forward: a few words. */
    public static long forwardBytes() {
        return FORWARD_BYTES;
    }

    /** Bytes of the whole workspace in backward. */
    public static long backwardBytes(AttentionShape shape) {
        return deltaBytes(shape) + sequencesAtOnce(shape) * matrixBytes(shape) + EXTRA;
    }

    private static long matrixBytes(AttentionShape shape) {
        long rows = Math.ceilDiv(shape.sequence(), TILE) * TILE;
        return 2 * shape.heads() * rows * rows;
    }
}
