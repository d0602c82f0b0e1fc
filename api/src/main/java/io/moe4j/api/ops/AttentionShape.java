package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * The extents of an attention. In attention, Q and V are elements of one head; elsewhere V is the size of the vocabulary. Query head h attends over
 * key head {@code h / (H / G)}: each key head serves H / G neighbouring query heads.
 *
 * @param batch B, sequences
 * @param sequence S, tokens of a sequence
 * @param heads H, heads of queries and of the output
 * @param keyHeads G, heads of keys and values, a divisor of H; since version 1.3 of the device SPI; before, it was always H
 * @param queryKeyDim Q, elements of a query or key
 * @param valueDim V, elements of a value
 * @param dtype element type
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record AttentionShape(long batch, long sequence, long heads, long keyHeads, long queryKeyDim, long valueDim,
        DType dtype) {

    public AttentionShape {
        if (heads < 1 || keyHeads < 1 || heads % keyHeads != 0) {
            throw new IllegalArgumentException("attention of " + heads + " heads of queries over " + keyHeads
                    + " heads of keys: both must be at least 1, and the second must divide the first");
        }
    }

    /** With as many heads of keys as of queries. */
    public static AttentionShape of(long batch, long sequence, long heads, long queryKeyDim, long valueDim,
            DType dtype) {
        return new AttentionShape(batch, sequence, heads, heads, queryKeyDim, valueDim, dtype);
    }

    /** With fewer heads of keys and values. */
    public AttentionShape withKeyHeads(long number) {
        return new AttentionShape(batch, sequence, heads, number, queryKeyDim, valueDim, dtype);
    }

    /** An attention with as many heads of keys as of queries. */
    public AttentionShape(long batch, long sequence, long heads, long queryKeyDim, long valueDim, DType dtype) {
        this(batch, sequence, heads, heads, queryKeyDim, valueDim, dtype);
    }

    /** Query heads of one key head. */
    public long queriesPerKey() {
        return heads / keyHeads;
    }
}
