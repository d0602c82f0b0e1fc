package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A differentiable operation with one output. It says which of its inputs (and whether its output) backward reads: what nobody reads is not
 * computed again in recompute. An operation object is used once.
 */
@Stability(Stability.Level.EVOLVING)
public interface Operation {

    /** Name for error messages. */
    String name();

    /** Allocates the output, from the rank's memory stack. Enqueues nothing. */
    Tensor allocateOutput(Tape tape);

    /** Enqueues computing {@code output}. May allocate. */
    void forward(Tape tape, Tensor output);

    /** Enqueues computing the gradients by the inputs and parameters. */
    void backward(Tape tape, Gradients gradients);

    /** Whether backward reads the value of input {@code index}. */
    default boolean readsInput(int index) {
        return true;
    }

    /**
     * Whether {@code forward} must have run before {@code backward}: because backward reads the output, or something that forward leaves in the
     * operation itself, such as the row statistics of a norm.
     */
    default boolean backwardNeedsForward() {
        return false;
    }
}
