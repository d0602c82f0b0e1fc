package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Memory in which forward stores the scaled scores of all queries for its gradient, which then has one product less to compute. A block of queries needs its
 * rows times its keys. Where it begins depends on its first query only; with any documents, a block ends before the next one begins.
 *
 * <p>Example: with blocks of 128 queries and 16 lanes, the block from query 128 on of a document that begins at 0 has 128 rows of 256 scores. It
 * begins at element 128 · (128 + 160) / 2 = 18,432, and ends at 51,200; the next begins at 256 · (256 + 160) / 2 = 53,248.
 *
 * @param address the address of the first head's scores
 * @param shape the shape of the attention
 */
record AttentionScores(long address, AttentionShape shape) {
    /** For longer sequences, scores are computed again: their memory grows with the square of the length. At 1024 tokens, each token and head takes 2.4 KB. */
    static final long LONGEST = 1024;
    /** At least the lanes of this processor. 16 on all processors with vectors of up to 512 bits, so that they plan the same number of bytes. */
    private static final int LANES = Math.max(16, Lanes.COUNT);

    /** The scores of an attention; empty if its forward does not store them. */
    static Optional<AttentionScores> of(Forward a) {
        return a.scores().map(scores -> new AttentionScores(checked(a.shape(), scores).address(), a.shape()));
    }

    private static Tensor checked(AttentionShape shape, Tensor scores) {
        long bytes = bytes(shape);
        if (bytes == 0 || !scores.isContiguous() || scores.bytes() < bytes) {
            throw new IllegalArgumentException("attention's scores are " + scores + ", but must be contiguous and have "
                    + (bytes == 0 ? "none where WorkspaceSizes.attentionScores says 0" : bytes + " bytes"));
        }
        return scores;
    }

    /** Bytes for all heads of all sequences; 0 if forward stores none. */
    static long bytes(AttentionShape shape) {
        return shape.sequence() > LONGEST ? 0
                : shape.batch() * shape.heads() * begin(shape.sequence()) * Float.BYTES;
    }

    /**
     * Address of the scores of a block, tile after tile, each with all rows of the block.
     *
     * @param first the block's first query
     * @param earlier number of elements in the block's earlier tiles
     */
    long of(long batch, long head, long first, long earlier) {
        return address
                + 4 * ((batch * shape.heads() + head) * begin(shape.sequence()) + begin(first) + earlier);
    }

    /**
     * Elements of a head before the block that begins with this query. A block of r rows from query f on has at most f + r keys, and in whole vectors
     * fewer than f + r + lanes. So r · (f + r / 2 + QUERIES / 2 + lanes) elements suffice for it; this is their sum over the earlier blocks.
     */
    private static long begin(long query) {
        return Math.ceilDiv(query * (query + AttentionForward.QUERIES + 2L * LANES) / 2, (long) LANES) * LANES;
    }
}
