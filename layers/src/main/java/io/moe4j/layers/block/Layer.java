package io.moe4j.layers.block;

import io.moe4j.api.Stability;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/**
 * One of the two layers of a block, open.
 *
 * @since 0.2.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Layer {

    /** (T, D) → (T, D). */
    Variable forward(Tape tape, Variable x_TD);
}
