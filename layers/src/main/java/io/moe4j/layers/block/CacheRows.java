package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.layers.rotary.Rotary;

/**
 * One layer's cache for one sequence, in one pass. For example, after 5 earlier tokens, a pass of 2 tokens writes rows 5 and 6, and reads rows 0 to 6.
 *
 * @param all (L, C): C elements for each of the L tokens of the sequence, those of this pass included
 * @param before tokens of the sequence before this pass
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record CacheRows(Tensor all, long before) {

    public CacheRows {
        if (all.rank() != 2 || before < 0 || before >= all.dim(0)) {
            throw new IllegalArgumentException("cache " + all + " with " + before
                    + " tokens before this pass: it has two dimensions, and rows for at least one more token");
        }
    }

    /** (T, C): the rows of the tokens of this pass. */
    public Tensor fresh() {
        return all.slice(0, before, all.dim(0));
    }

    /** The angles of the tokens of this pass. */
    public Rotary rotary(Rotary whole) {
        return new Rotary(whole.rotation(), whole.cosSin_SR().slice(0, before, all.dim(0)));
    }
}
