package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/**
 * An attention that can also continue a sequence: it keeps a row for each token, and reads the rows of earlier tokens instead of computing them again.
 * The layer decides what a row holds; {@link AttentionSpec#cacheElements} is its number of elements.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface CachedLayer extends Layer {

    /**
     * (T, D) → (T, D) for the last T tokens of the sequence. Writes their rows of the cache, and attends over all rows. For use on a tape for
     * inference: there is no backward.
     *
     * @param cache the rows of the sequence
     */
    Variable forward(Tape tape, Variable x_TD, CacheRows cache);
}
