package io.moe4j.model.deepseek;

import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/** The second half of a block, open. */
@FunctionalInterface
interface FeedForwardLayer {

    /** (T, D) → (T, D). */
    Variable forward(Tape tape, Variable x_TD);
}
