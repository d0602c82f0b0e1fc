package io.moe4j.layers.feedforward;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

/**
 * The start of the routed experts: (x_TD, weights_TK) → rows, which are dispatched with their weights. The rows lie in the receive buffer that all
 * blocks share, where {@link ExpertExchange} finds them, so they are never kept: recompute dispatches again. The operation's output stands for them;
 * nothing reads its values.
 */
final class ExpertInputs implements Operation {
    private final ExpertExchange exchange;
    private final Variable x_TD;

    ExpertInputs(ExpertExchange exchange, Variable x_TD) {
        this.exchange = exchange;
        this.x_TD = x_TD;
    }

    @Override
    public String name() {
        return "expert inputs " + exchange.gateUp_e2FD().name();
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return x_TD.tensor();
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        exchange.dispatchInputs();
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.write(0, dx_TD -> gradients.write(1,
                dweights_TK -> exchange.combine(exchange.gradients(), dx_TD, Optional.of(dweights_TK))));
    }
}
