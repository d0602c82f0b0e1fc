package io.moe4j.autograd;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** What an operation's backward is given: the gradient by its output, and where those by its inputs go. */
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

    /** The gradient by the output. Others may read it too: do not write to it. */
    public Tensor ofOutput() {
        return output.gradient();
    }

    /** Whether a gradient by input {@code index} is wanted. */
    public boolean wants(int index) {
        return inputs.get(index).needsGradient();
    }

    /** Contributes a gradient by input {@code index}: {@code write} enqueues overwriting the tensor that it is given. Skipped if none is wanted. */
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
     * Like {@link #write}, for operations that can add: {@code writer} gets the tensor and whether to add to what it holds.
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

    /** Contributes {@code gradient} itself as the gradient by input {@code index}; it is not copied, so it may be the output's. */
    public void pass(int index, Tensor gradient) {
        Variable input = inputs.get(index);
        if (input.needsGradient()) {
            contribute(input, gradient, true);
        }
    }

    private void contribute(Variable input, Tensor contribution, boolean shared) {
        Optional<Tensor> present = input.hasGradient() ? Optional.of(input.gradient()) : Optional.empty();
        if (present.isEmpty()) {
            input.setGradient(contribution, shared);
            return;
        }
        // Never add into a tensor that somebody else may still read.
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
        /** Enqueues overwriting {@code gradient}, or adding to it. */
        void write(Tensor gradient, boolean accumulate);
    }
}
