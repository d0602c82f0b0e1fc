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
    private final Optional<LowRank> adapter;

    LinearOperation(Variable x_TI, Parameter w_OI, Optional<LowRank> adapter) {
        this.x_TI = x_TI;
        this.w_OI = w_OI;
        this.adapter = adapter;
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
        adapter.ifPresent(updates -> updates.addTo(tape, x_TI.tensor(), y_TO));
    }

    /** A frozen matrix needs no gradient, which is what the input is read for. */
    @Override
    public boolean readsInput(int index) {
        return w_OI.isTrained() || adapter.isPresent();
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dy_TO = gradients.ofOutput();
        if (w_OI.isTrained()) {
            tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedA(dy_TO, x_TI.tensor(), w_OI.gradient())
                    .accumulating(w_OI.accumulatesGradient()));
        }
        if (!gradients.wants(0)) {
            adapter.ifPresent(updates -> updates.backward(tape, x_TI.tensor(), dy_TO, Optional.empty()));
        }
        gradients.accumulate(0, (dx_TI, accumulate) -> {
            tape.ops().matmul().matmul(tape.stream(), Matmul.of(dy_TO, w_OI.value(), dx_TI).accumulating(accumulate));
            adapter.ifPresent(updates -> updates.backward(tape, x_TI.tensor(), dy_TO, Optional.of(dx_TI)));
        });
    }
}
