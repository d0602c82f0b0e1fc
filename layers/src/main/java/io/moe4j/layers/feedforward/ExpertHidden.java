package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * First half of the routed experts: (x_TD, weights_TK) → h_RF. Dispatches rows with their weights, multiplies by gate and up in one product, and
 * applies the weighted SwiGLU. Rows after the last received one are never touched.
 */
final class ExpertHidden implements Operation {
    private final ExpertExchange exchange;
    private final Variable x_TD;
    private final Variable weights_TK;
    private @Nullable Tensor gateUp_R2F;

    ExpertHidden(ExpertExchange exchange, Variable x_TD, Variable weights_TK) {
        this.exchange = exchange;
        this.x_TD = x_TD;
        this.weights_TK = weights_TK;
    }

    @Override
    public String name() {
        return "expert hidden " + exchange.gateUp_e2FD().name();
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        gateUp_R2F = tape.temporary("expert activations", x_TD.tensor().dtype(), exchange.capacityRows(),
                2 * exchange.hidden());
        return tape.temporary("expert activations", x_TD.tensor().dtype(), exchange.capacityRows(), exchange.hidden());
    }

    @Override
    public void forward(Tape tape, Tensor h_RF) {
        ReceivedRows rows = exchange.dispatchInputs(x_TD.tensor(), weights_TK.tensor());
        Tensor offsets_e = exchange.offsets_e();
        exchange.kernels().forward(tape.stream(), new GroupedProduct.Forward(rows.rows_RD(),
                exchange.gateUp_e2FD().value(), offsets_e, gateUp()));
        exchange.kernels().swiglu(tape.stream(), new SwiGlu.Forward(gate(), up(), Optional.of(rows.weights_R()),
                offsets_e, h_RF));
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor offsets_e = exchange.offsets_e();
        ReceivedRows outputGradients = exchange.takeGradients();
        ReceivedRows inputs = exchange.inputs().orElseGet(
                () -> exchange.dispatchInputs(x_TD.tensor(), weights_TK.tensor()));
        // The gradients with respect to gate and up overwrite gate and up, which are not read again.
        exchange.kernels().swigluBackward(tape.stream(), new SwiGlu.Backward(gate(), up(), gradients.ofOutput(),
                Optional.of(inputs.weights_R()), offsets_e, gate(), up(), Optional.of(outputGradients.scalars_R())));
        exchange.kernels().weightGradient(tape.stream(), new GroupedProduct.WeightGradient(gateUp(), inputs.rows_RD(),
                offsets_e, exchange.gateUp_e2FD().gradient(), exchange.gateUp_e2FD().accumulatesGradient()));
        exchange.kernels().inputGradient(tape.stream(), new GroupedProduct.InputGradient(gateUp(),
                exchange.gateUp_e2FD().value(), offsets_e, outputGradients.outputs_RD()));
        gradients.write(0, dx_TD -> gradients.write(1,
                dweights_TK -> exchange.combine(outputGradients, dx_TD, Optional.of(dweights_TK))));
    }

    private Tensor gate() {
        return gateUp().slice(1, 0, exchange.hidden());
    }

    private Tensor up() {
        return gateUp().slice(1, exchange.hidden(), 2 * exchange.hidden());
    }

    private Tensor gateUp() {
        if (gateUp_R2F == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return gateUp_R2F;
    }
}
