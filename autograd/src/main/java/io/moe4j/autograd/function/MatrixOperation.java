package io.moe4j.autograd.function;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/** What all forms of y_TO = x_TI · wᵀ share: their name, and their output in the type of x. */
abstract class MatrixOperation implements Operation {
    final Variable x_TI;
    final Parameter w_OI;

    MatrixOperation(Variable x_TI, Parameter w_OI) {
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
}
