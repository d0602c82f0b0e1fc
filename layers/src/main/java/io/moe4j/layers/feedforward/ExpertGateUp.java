package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import java.util.Optional;

/**
 * The first product of the routed experts: received rows → gateUp_R2F, which has gate and up side by side. Rows after the last received one are never
 * touched.
 */
final class ExpertGateUp implements Operation {
    private final ExpertExchange exchange;
    private final ExpertActivations activations;

    ExpertGateUp(ExpertExchange exchange, ExpertActivations activations) {
        this.exchange = exchange;
        this.activations = activations;
    }

    @Override
    public String name() {
        return "expert gate and up " + exchange.gateUp_e2FD().weight_eOI().name();
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("experts.gate_up");
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return activations.allocateGateUp(tape);
    }

    @Override
    public void forward(Tape tape, Tensor gateUp_R2F) {
        exchange.gateUp_e2FD().forward(tape, exchange.kernels(), exchange.rows(), exchange.inputs(tape).rows_RD(),
                gateUp_R2F);
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        ReceivedRows outputGradients = exchange.gradients();
        // The gradient with respect to the inputs overwrites the gradient with respect to the outputs, and is combined from that buffer.
        exchange.gateUp_e2FD().backward(tape, exchange.kernels(), exchange.rows(), gradients.ofOutput(),
                exchange.inputs(tape).rows_RD(), outputGradients.outputs_RD());
        exchange.releaseInputs();
        exchange.launchInputGradients(tape);
        gradients.pass(0, outputGradients.outputs_RD());
    }
}
