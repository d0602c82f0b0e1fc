package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Where forward leaves the scaled scores of all queries to its gradient, which then has one product less to compute. A block of queries needs no more
 * than its rows times its keys. Where it begins depends on its first query only: whatever documents there are, a block ends before the next one begins.
 *
 * <p>Example: with blocks of 128 queries and 16 lanes, the block from query 128 on of a document that begins at 0 has 128 rows of 256 scores. It
 * begins at element 128 · (128 + 160) / 2 = 18,432, and ends at 51,200; the next begins at 256 · (256 + 160) / 2 = 53,248.
 *
 * @param address of the first head's
 * @param shape of the attention
 */
record AttentionScores(long address, AttentionShape shape) {
    /** Longer sequences compute scores again: memory grows with their square. At 1024 tokens, it is 2.4 KB for each token and head. */
    static final long LONGEST = 1024;
    /** At least those of this processor; 16 on all with vectors of up to 512 bits, which therefore plan the same bytes. */
    private static final int LANES = Math.max(16, Lanes.COUNT);

    /** Those of an attention whose forward leaves them. */
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

    /** Bytes of all heads of all sequences; 0 where forward leaves none. */
    static long bytes(AttentionShape shape) {
        return shape.sequence() > LONGEST ? 0
                : shape.batch() * shape.heads() * begin(shape.sequence()) * Float.BYTES;
    }

    /**
     * Address of the scores of a block, tile after tile, each with all rows of the block.
     *
     * @param first query of the block
     * @param earlier elements of the block's earlier tiles
     */
    long of(long batch, long head, long first, long earlier) {
        return address
                + 4 * ((batch * shape.heads() + head) * begin(shape.sequence()) + begin(first) + earlier);
    }

    /**
     * Elements of a head before the block that begins with this query. A block of r rows from query f on has at most f + r keys, and with whole vectors
     * fewer than f + r + lanes; so r · (f + r / 2 + queries of a block / 2 + lanes) elements suffice for it, which this sums up.
     */
    private static long begin(long query) {
        return Math.ceilDiv(query * (query + AttentionForward.QUERIES + 2L * LANES) / 2, (long) LANES) * LANES;
    }
}
