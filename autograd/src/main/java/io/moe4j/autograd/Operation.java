package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * A differentiable operation with one output. It declares which of its inputs backward reads, and whether backward reads its output: recompute skips
 * values that no backward reads. An operation object is used once.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface Operation {

    /** Name for error messages. */
    String name();

    /**
     * What a profile calls it: the same in all layers. The default is the name.
     *
     * @since 0.3.0
     */
    default String span() {
        return name();
    }

    /** Allocates the output, from the rank's memory stack. Enqueues nothing. */
    Tensor allocateOutput(Tape tape);

    /** Enqueues the work that computes {@code output}. May allocate. */
    void forward(Tape tape, Tensor output);

    /** Enqueues the work that computes the gradients with respect to inputs and parameters. */
    void backward(Tape tape, Gradients gradients);

    /** Whether backward reads the value of input {@code index}. */
    default boolean readsInput(int index) {
        return true;
    }

    /**
     * Whether {@code forward} must have run before {@code backward}: true if backward reads the output, or a value that forward stores in the
     * operation itself, such as the row statistics of a norm.
     */
    default boolean backwardNeedsForward() {
        return false;
    }

    /**
     * What its results are, such as {@code "attention.query"}; the same for this operation of every block. If there is a kind, a recompute policy may keep
     * the results, and forward then does not run again in recompute. Results are all tensors that {@link #allocateOutput} allocates through
     * {@link Tape#temporary}, and those that {@link #reservedBytes} counts. An operation with a kind promises that backward and other operations read nothing
     * else that its forward writes. If empty, the results are never kept.
     *
     * @since 0.3.0
     */
    default Optional<String> kind() {
        return Optional.empty();
    }

    /**
     * Bytes that its results take, if they are kept, in memory that is reserved before the run, such as that of {@link
     * io.moe4j.api.comm.DispatchRequest#keepsRows() kept rows}; 0 if all of them are allocated by {@link #allocateOutput}. An operation whose results lie
     * there asks {@link Tape#keepsResults()} in allocateOutput whether they are kept.
     *
     * @since 0.3.0
     */
    default long reservedBytes() {
        return 0;
    }

    /**
     * The fraction, from 0 to 1, of the cost of {@code forward} that {@code backward} repeats itself, whatever a recompute policy keeps. Policies use it to
     * choose what to keep.
     *
     * @since 0.3.0
     */
    default double partRepeatedByBackward() {
        return 0;
    }

    /**
     * Whether {@code forward} changes the value of its only input in place: {@link #allocateOutput} returns the input's tensor and allocates nothing,
     * and no other operation reads the input's old value, in forward or in backward. Such an operation runs exactly when the one before it runs.
     *
     * @since 0.3.0
     */
    default boolean changesInput() {
        return false;
    }
}
