package io.moe4j.autograd.function;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

final class LinearOperation implements Operation {
    private final Variable x_TI;
    private final Parameter w_OI;

    LinearOperation(Variable x_TI, Parameter w_OI) {
        this.x_TI = x_TI;
        this.w_OI = w_OI;
    }

    @Override
    public String name() {
        return "linear " + w_OI.name();
    }

    @Override
    public String span() {
        return "linear";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of(w_OI.role());
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", x_TI.tensor().dtype(), x_TI.tensor().dim(0), w_OI.shape()[0]);
    }

    @Override
    public void forward(Tape tape, Tensor y_TO) {
        tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedB(x_TI.tensor(), w_OI.value(), y_TO));
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dy_TO = gradients.ofOutput();
        tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedA(dy_TO, x_TI.tensor(), w_OI.gradient())
                .accumulating(w_OI.accumulatesGradient()));
        gradients.accumulate(0, (dx_TI, accumulate) -> tape.ops().matmul().matmul(tape.stream(),
                Matmul.of(dy_TO, w_OI.value(), dx_TI).accumulating(accumulate)));
    }
}
