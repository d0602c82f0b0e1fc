package io.moe4j.runtime.cuda.cudnn;

import io.moe4j.api.ops.AttentionShape;

/**
 * Scratch of attention on cuDNN. The gradient's: the deterministic kernel keeps a matrix of scores in bf16, S · S for each head. Large batches are worked off a few
 * sequences at a time, so that this stays bounded.
 */
public final class AttentionWorkspace {
    private static final long TILE = 128;
    private static final long MATRIX_LIMIT = 640L << 20;
    /** What the library takes beyond the matrix, seen on Hopper. */
    private static final long EXTRA = 32L << 20;
    private static final long FORWARD_BYTES = 4096;
    private static final long ALIGNMENT = 256;

    private AttentionWorkspace() {}

    /** Whether cuDNN may be asked for this shape. */
    public static boolean mayUse(AttentionShape shape) {
        return hasType(shape) && shape.queryKeyDim() % 8 == 0 && shape.valueDim() % 8 == 0;
    }

    /** Whether cuDNN has fused attention for such elements. */
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

    /** Bytes of the row sums that come first. */
    static long deltaBytes(AttentionShape shape) {
        return Math.ceilDiv(4 * sequencesAtOnce(shape) * shape.heads() * shape.sequence(), ALIGNMENT) * ALIGNMENT;
    }

    /** Scratch of forward: a few words. */
    public static long forwardBytes() {
        return FORWARD_BYTES;
    }

    /** All of it. */
    public static long backwardBytes(AttentionShape shape) {
        return deltaBytes(shape) + sequencesAtOnce(shape) * matrixBytes(shape) + EXTRA;
    }

    private static long matrixBytes(AttentionShape shape) {
        long rows = Math.ceilDiv(shape.sequence(), TILE) * TILE;
        return 2 * shape.heads() * rows * rows;
    }
}
