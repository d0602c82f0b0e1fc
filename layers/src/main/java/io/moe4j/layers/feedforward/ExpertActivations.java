package io.moe4j.layers.feedforward;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import java.util.Optional;

/**
 * Memory for the activations of the routed experts: those of the first round, which backward reads, and those of later rounds, which overwrite each other.
 * Later rounds reuse the first round's memory if nothing reads it any more. Used once, like {@link ExpertExchange}.
 */
final class ExpertActivations {
    private final ExpertExchange exchange;
    private Optional<Result> gateUp = Optional.empty();
    private Optional<Result> hidden = Optional.empty();
    private Optional<Tensor> dout_TD = Optional.empty();

    /**
     * The result of an operation.
     *
     * @param isRead whether backward reads it
     */
    private record Result(Tensor tensor, boolean isRead) {}

    ExpertActivations(ExpertExchange exchange) {
        this.exchange = exchange;
    }

    /** Allocates gate and up of the first round. */
    Tensor allocateGateUp(Tape tape) {
        Result result = new Result(gateUp(tape), tape.remembers() || tape.keepsResults());
        gateUp = Optional.of(result);
        return result.tensor;
    }

    /** Allocates the hidden rows of the first round. */
    Tensor allocateHidden(Tape tape) {
        Result result = new Result(hidden(tape), tape.remembers() || tape.keepsResults());
        hidden = Optional.of(result);
        return result.tensor;
    }

    private Tensor gateUp(Tape tape) {
        return tape.temporary("expert activations", exchange.dtype(), exchange.capacityRows(), 2 * exchange.hidden());
    }

    private Tensor hidden(Tape tape) {
        return tape.temporary("expert activations", exchange.dtype(), exchange.capacityRows(), exchange.hidden());
    }

    /** Sets the gradient with respect to the tokens' outputs; each round of backward sends a part of it. */
    void setOutputGradient(Tensor gradient_TD) {
        dout_TD = Optional.of(gradient_TD);
    }

    /** The rounds after the first, in forward. They do not overwrite results of the first round that backward reads. */
    ExpertRounds forwardRounds(Tape tape, Tensor waiting_ND) {
        return new ExpertRounds(exchange, tape,
                gateUp.filter(result -> !result.isRead).map(Result::tensor).orElseGet(() -> gateUp(tape)),
                hidden.filter(result -> !result.isRead).map(Result::tensor).orElseGet(() -> hidden(tape)), waiting_ND);
    }

    /** The rounds after the first, in backward; called after backward of the first round has been enqueued. */
    ExpertRounds backwardRounds(Tape tape, Tensor waiting_ND) {
        return new ExpertRounds(exchange, tape, gateUp.orElseThrow().tensor, hidden.orElseThrow().tensor, waiting_ND);
    }

    Tensor outputGradient() {
        return dout_TD.orElseThrow();
    }
}
