package io.moe4j.autograd.function;

import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

final class LinearOperation extends MatrixOperation {
    private final Optional<LowRank> adapter;

    LinearOperation(Variable x_TI, Parameter w_OI, Optional<LowRank> adapter) {
        super(x_TI, w_OI);
        this.adapter = adapter;
    }

    @Override
    public void forward(Tape tape, Tensor y_TO) {
        tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedB(x_TI.tensor(), w_OI.value(), y_TO));
        adapter.ifPresent(updates -> updates.addTo(tape, x_TI.tensor(), y_TO));
    }

    /** Backward reads the input only to compute the matrix's gradient, which a frozen matrix does not need. */
    @Override
    public boolean readsInput(int index) {
        return w_OI.isTrained() || adapter.isPresent();
    }

    /** The products of the two gradients do not depend on each other, so a device may compute them together. */
    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dy_TO = gradients.ofOutput();
        List<Matmul> weight = w_OI.isTrained() ? List.of(Matmul.ofTransposedA(dy_TO, x_TI.tensor(), w_OI.gradient())
                .accumulating(w_OI.accumulatesGradient())) : List.of();
        if (!gradients.wants(0)) {
            weight.forEach(product -> tape.ops().matmul().matmul(tape.stream(), product));
            adapter.ifPresent(updates -> updates.backward(tape, x_TI.tensor(), dy_TO, Optional.empty()));
        }
        gradients.accumulate(0, (dx_TI, accumulate) -> {
            Matmul input = Matmul.of(dy_TO, w_OI.value(), dx_TI).accumulating(accumulate);
            tape.ops().matmul().matmulEach(tape.stream(),
                    Stream.concat(weight.stream(), Stream.of(input)).toList());
            adapter.ifPresent(updates -> updates.backward(tape, x_TI.tensor(), dy_TO, Optional.of(dx_TI)));
        });
    }
}
