package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;

/** (T, D) and (T, D) → (T, 2D): the rows of the first, each followed by the row of the second. */
final class SideBySide implements Operation {
    private final Variable left_TD;
    private final Variable right_TD;

    SideBySide(Variable left_TD, Variable right_TD) {
        this.left_TD = left_TD;
        this.right_TD = right_TD;
    }

    @Override
    public String name() {
        return "concatenation";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", left_TD.tensor().dtype(), left_TD.tensor().dim(0), 2 * dim());
    }

    @Override
    public void forward(Tape tape, Tensor both_T2D) {
        tape.ops().elementwise().copy(tape.stream(), left_TD.tensor(), both_T2D.slice(1, 0, dim()));
        tape.ops().elementwise().copy(tape.stream(), right_TD.tensor(), both_T2D.slice(1, dim(), 2 * dim()));
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        for (int i = 0; i < 2; i++) {
            Tensor part_TD = gradients.ofOutput().slice(1, i * dim(), (i + 1) * dim());
            gradients.write(i, d_TD -> tape.ops().elementwise().copy(tape.stream(), part_TD, d_TD));
        }
    }

    private long dim() {
        return left_TD.tensor().dim(1);
    }
}
