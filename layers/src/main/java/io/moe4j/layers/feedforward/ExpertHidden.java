package io.moe4j.layers.feedforward;

import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

/** The weighted SwiGLU of the routed experts: (gateUp_R2F, received weights) → h_RF. Rows after the last received one are never touched. */
final class ExpertHidden implements Operation {
    private final ExpertExchange exchange;
    private final ExpertActivations activations;
    private final Variable gateUp_R2F;

    ExpertHidden(ExpertExchange exchange, ExpertActivations activations, Variable gateUp_R2F) {
        this.exchange = exchange;
        this.activations = activations;
        this.gateUp_R2F = gateUp_R2F;
    }

    @Override
    public String name() {
        return "expert hidden " + exchange.gateUp_e2FD().weight_eOI().name();
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("experts.hidden");
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return activations.allocateHidden(tape);
    }

    @Override
    public void forward(Tape tape, Tensor h_RF) {
        exchange.kernels().swiglu(tape.stream(), new SwiGlu.Forward(gate(), up(),
                Optional.of(exchange.inputs(tape).weights_R()), exchange.offsets_e(), h_RF));
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        // The gradients with respect to gate and up overwrite gate and up, which are not read again.
        exchange.kernels().swigluBackward(tape.stream(), new SwiGlu.Backward(gate(), up(), gradients.ofOutput(),
                Optional.of(exchange.inputs(tape).weights_R()), exchange.offsets_e(), gate(), up(),
                Optional.of(exchange.gradients().scalars_R())));
        gradients.pass(0, gateUp_R2F.tensor());
    }

    private Tensor gate() {
        return gateUp_R2F.tensor().slice(1, 0, exchange.hidden());
    }

    private Tensor up() {
        return gateUp_R2F.tensor().slice(1, exchange.hidden(), 2 * exchange.hidden());
    }
}
