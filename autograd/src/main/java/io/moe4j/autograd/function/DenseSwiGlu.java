package io.moe4j.autograd.function;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

final class DenseSwiGlu implements Operation {
    private final Variable gateUp_T2F;
    private final long hidden;

    DenseSwiGlu(Variable gateUp_T2F) {
        this.gateUp_T2F = gateUp_T2F;
        this.hidden = gateUp_T2F.tensor().dim(1) / 2;
    }

    @Override
    public String name() {
        return "swiglu";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("swiglu");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", gateUp_T2F.tensor().dtype(), gateUp_T2F.tensor().dim(0), hidden);
    }

    @Override
    public void forward(Tape tape, Tensor h_TF) {
        tape.ops().activation().swiglu(tape.stream(), gate(gateUp_T2F.tensor()), up(gateUp_T2F.tensor()), h_TF);
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor value = gateUp_T2F.tensor();
        gradients.write(0,
                d_T2F -> tape.ops().activation().swigluBackward(tape.stream(), gate(value), up(value),
                        gradients.ofOutput(),
                        gate(d_T2F), up(d_T2F)));
    }

    private Tensor gate(Tensor both_T2F) {
        return both_T2F.slice(1, 0, hidden);
    }

    private Tensor up(Tensor both_T2F) {
        return both_T2F.slice(1, hidden, 2 * hidden);
    }
}
