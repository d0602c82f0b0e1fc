package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Arguments of an operation's backward: the gradient with respect to its output, and the places for the gradients with respect to its inputs.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Gradients {
    private final Tape tape;
    private final Variable output;
    private final List<Variable> inputs;

    Gradients(Tape tape, Variable output, List<Variable> inputs) {
        this.tape = tape;
        this.output = output;
        this.inputs = inputs;
    }

    /** The gradient with respect to the output. Other operations may read the same tensor: do not write to it. */
    public Tensor ofOutput() {
        return output.gradient();
    }

    /** Whether the gradient with respect to input {@code index} is wanted. */
    public boolean wants(int index) {
        return inputs.get(index).needsGradient();
    }

    /**
     * Contributes to the gradient with respect to input {@code index}: {@code write} enqueues work that overwrites the tensor that it receives.
     * Skipped if no gradient is wanted.
     */
    public void write(int index, Consumer<Tensor> write) {
        Variable input = inputs.get(index);
        if (!input.needsGradient()) {
            return;
        }
        Tensor fresh = temporaryLike(input.tensor());
        write.accept(fresh);
        contribute(input, fresh, false);
    }

    /**
     * Like {@link #write}, for operations that can add: {@code writer} receives the tensor and whether to add to its old values.
     */
    public void accumulate(int index, AccumulatingWriter writer) {
        Variable input = inputs.get(index);
        if (!input.needsGradient()) {
            return;
        }
        if (input.hasGradient() && !input.isGradientShared()) {
            writer.write(input.gradient(), true);
        } else {
            write(index, fresh -> writer.write(fresh, false));
        }
    }

    /**
     * Like {@link #accumulate(int, AccumulatingWriter)}, for operations that can also write the sum of an earlier gradient and their contribution into a
     * second tensor: this is used if other operations may read the earlier gradient, so that it must not change. A contribution is rounded to the gradient's
     * type before it is added there.
     *
     * @since 0.3.0
     */
    public void accumulate(int index, AccumulatingWriter writer, SumWriter sums) {
        Variable input = inputs.get(index);
        if (input.needsGradient() && input.hasGradient() && input.isGradientShared()) {
            Tensor sum = temporaryLike(input.tensor());
            sums.write(input.gradient(), sum);
            input.setGradient(sum, false);
        } else {
            accumulate(index, writer);
        }
    }

    /**
     * Contributes {@code gradient} itself as the gradient with respect to input {@code index}. It is not copied, and may be the gradient of the
     * output.
     */
    public void pass(int index, Tensor gradient) {
        Variable input = inputs.get(index);
        if (input.needsGradient()) {
            contribute(input, gradient, true);
        }
    }

    /**
     * Contributes {@code gradient} as the gradient with respect to input {@code index}: a temporary tensor that nothing else reads or writes from now on.
     * Like {@link #write}, but for a tensor that has been written already.
     *
     * @since 0.3.0
     */
    public void give(int index, Tensor gradient) {
        Variable input = inputs.get(index);
        if (input.needsGradient()) {
            contribute(input, gradient, false);
        }
    }

    /**
     * Contributes the gradient with respect to the output as that with respect to input {@code index}, changed in place by {@code change}: for an
     * operation that {@linkplain Operation#changesInput changes its input in place}. A gradient that other operations may read is copied first.
     *
     * @since 0.3.0
     */
    public void passChanged(int index, Consumer<Tensor> change) {
        Variable input = inputs.get(index);
        if (!input.needsGradient()) {
            return;
        }
        Tensor gradient = output.gradient();
        if (output.isGradientShared()) {
            Tensor copy = temporaryLike(gradient);
            tape.ops().elementwise().copy(tape.stream(), gradient, copy);
            gradient = copy;
        }
        change.accept(gradient);
        contribute(input, gradient, false);
    }

    private void contribute(Variable input, Tensor contribution, boolean shared) {
        Optional<Tensor> present = input.hasGradient() ? Optional.of(input.gradient()) : Optional.empty();
        if (present.isEmpty()) {
            input.setGradient(contribution, shared);
            return;
        }
        // Never add into a tensor that another operation may still read.
        Tensor sum = !input.isGradientShared() ? present.get() : shared ? temporaryLike(input.tensor()) : contribution;
        tape.ops().elementwise().add(tape.stream(), present.get(), contribution, sum);
        input.setGradient(sum, false);
    }

    private Tensor temporaryLike(Tensor tensor) {
        return tape.temporary("gradients of activations", tensor.dtype(), Tape.extents(tensor));
    }

    /** Writes or adds a gradient. */
    @FunctionalInterface
    public interface AccumulatingWriter {
        /** Enqueues work that overwrites {@code gradient}, or adds to it if {@code accumulate}. */
        void write(Tensor gradient, boolean accumulate);
    }

    /**
     * Writes the sum of an earlier gradient and a contribution.
     *
     * @since 0.3.0
     */
    @FunctionalInterface
    public interface SumWriter {
        /** Enqueues work that overwrites {@code sum} with {@code present} plus the contribution. */
        void write(Tensor present, Tensor sum);
    }
}
