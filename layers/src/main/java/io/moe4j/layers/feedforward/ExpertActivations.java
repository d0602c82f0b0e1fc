package io.moe4j.layers.feedforward;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import java.util.Optional;

/**
 * Where the activations of the routed experts lie: those of the first round, which backward reads, and those of the rounds after it, which overwrite each
 * other. Further rounds use the memory of the first one, where nothing reads that any more. Used once, like {@link ExpertExchange}.
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

    /** The gradient with respect to the tokens' outputs, which each round of backward sends a part of. */
    void setOutputGradient(Tensor gradient_TD) {
        dout_TD = Optional.of(gradient_TD);
    }

    /** The rounds after the first, in forward: the first one's results stay if backward reads them. */
    ExpertRounds forwardRounds(Tape tape, Tensor waiting_ND) {
        return new ExpertRounds(exchange, tape,
                gateUp.filter(result -> !result.isRead).map(Result::tensor).orElseGet(() -> gateUp(tape)),
                hidden.filter(result -> !result.isRead).map(Result::tensor).orElseGet(() -> hidden(tape)), waiting_ND);
    }

    /** The rounds after the first, in backward, when that of the first has been enqueued. */
    ExpertRounds backwardRounds(Tape tape, Tensor waiting_ND) {
        return new ExpertRounds(exchange, tape, gateUp.orElseThrow().tensor, hidden.orElseThrow().tensor, waiting_ND);
    }

    Tensor outputGradient() {
        return dout_TD.orElseThrow();
    }
}
