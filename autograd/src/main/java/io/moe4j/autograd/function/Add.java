package io.moe4j.autograd.function;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

final class Add implements Operation {
    private final Variable a;
    private final Variable b;

    Add(Variable a, Variable b) {
        this.a = a;
        this.b = b;
    }

    @Override
    public String name() {
        return "add";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("residual");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", a.tensor().dtype(), Tape.extents(a.tensor()));
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        tape.ops().elementwise().add(tape.stream(), a.tensor(), b.tensor(), output);
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.pass(0, gradients.ofOutput());
        gradients.pass(1, gradients.ofOutput());
    }
}
