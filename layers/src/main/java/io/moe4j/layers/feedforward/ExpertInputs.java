package io.moe4j.layers.feedforward;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

/**
 * The start of the routed experts: (x_TD, weights_TK) → rows, which are dispatched with their weights. The rows lie in the receive buffer that all
 * blocks share, and recompute dispatches them again; or, if they are kept, in memory of their own. {@link ExpertExchange} finds them in both cases. The
 * operation's output only represents them on the tape; nothing reads its values. Its backward also runs the backward of the later rounds, if there are any.
 */
final class ExpertInputs implements Operation {
    private final ExpertExchange exchange;
    private final ExpertActivations activations;
    private final Variable x_TD;

    ExpertInputs(ExpertExchange exchange, ExpertActivations activations, Variable x_TD) {
        this.exchange = exchange;
        this.activations = activations;
        this.x_TD = x_TD;
    }

    @Override
    public String name() {
        return "expert inputs " + exchange.gateUp_e2FD().weight_eOI().name();
    }

    /** Kept rows need a backend that can keep them. */
    @Override
    public Optional<String> kind() {
        return exchange.keptBytes() == 0 ? Optional.empty() : Optional.of("experts.inputs");
    }

    @Override
    public long reservedBytes() {
        return exchange.keptBytes();
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        if (tape.keepsResults()) {
            exchange.keepInputs(tape);
        }
        return x_TD.tensor();
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        exchange.launchInputs(tape);
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Optional<ExpertExchange.InputGradients> launched = exchange.takeInputGradients(tape);
        if (launched.isPresent()) {
            gradients.give(0, launched.get().dx_TD());
            gradients.give(1, launched.get().dweights_TK());
            return;
        }
        gradients.write(0, dx_TD -> gradients.write(1, dweights_TK -> {
            try (Scope scope = tape.rank().memory().open()) {
                Optional<Tensor> waiting_ND = exchange.waiting_ND(tape);
                exchange.combine(exchange.gradients(), dx_TD, Optional.of(dweights_TK), waiting_ND);
                waiting_ND.ifPresent(waiting -> activations.backwardRounds(tape, waiting)
                        .backward(activations.outputGradient(), dx_TD, dweights_TK));
            }
        }));
    }
}
