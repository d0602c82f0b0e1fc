package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

/**
 * Second half of the routed experts: h_RF → out_TD. Writes the product over the received rows, and launches their combine, which {@link ExpertSum} awaits; or
 * makes all rounds, if there may be several. Recompute skips it, because no gradient reads its result.
 */
final class ExpertOutput implements Operation {
    private final ExpertExchange exchange;
    private final ExpertActivations activations;
    private final Variable h_RF;
    private final long tokens;

    ExpertOutput(ExpertExchange exchange, ExpertActivations activations, Variable h_RF, long tokens) {
        this.exchange = exchange;
        this.activations = activations;
        this.h_RF = h_RF;
        this.tokens = tokens;
    }

    @Override
    public String name() {
        return "expert output " + exchange.down_eDF().weight_eOI().name();
    }

    /**
     * Backward of the later rounds repeats gate and up, two of the three products of an expert. This operation's forward computes one product for rows of the
     * first round, and three for rows of later rounds. For example, if half of the rows come in the first round, the fraction is 2 · 0.5 / (1 · 0.5 + 3 ·
     * 0.5) = 0.5.
     */
    @Override
    public double partRepeatedByBackward() {
        double first = Math.min(exchange.routedRows(), exchange.capacityRows());
        double further = exchange.routedRows() - first;
        return further == 0 ? 0 : 2 * further / (first + 3 * further);
    }

    @Override
    public String span() {
        return "experts";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        DType dtype = h_RF.tensor().dtype();
        return tape.temporary("activations", dtype, tokens, exchange.down_eDF().weight_eOI().shape()[1]);
    }

    @Override
    public void forward(Tape tape, Tensor out_TD) {
        try (Scope scope = tape.rank().memory().open()) {
            Optional<Tensor> waiting_ND = exchange.waiting_ND(tape);
            ReceivedRows rows = exchange.rowsForOutputs(tape);
            exchange.down_eDF().forward(tape, exchange.kernels(), exchange.rows(), h_RF.tensor(), rows.outputs_RD());
            if (waiting_ND.isEmpty()) {
                exchange.launchOutputs(tape, rows, out_TD);
                return;
            }
            exchange.combine(rows, out_TD, Optional.empty(), waiting_ND);
            activations.forwardRounds(tape, waiting_ND.get()).forward(out_TD);
        }
    }

    @Override
    public boolean readsInput(int index) {
        return exchange.down_eDF().readsRows();
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor h = h_RF.tensor();
        activations.setOutputGradient(gradients.ofOutput());
        ReceivedRows dy = exchange.awaitGradients(tape);
        // The hidden rows are not read again: their gradient overwrites them.
        exchange.down_eDF().backward(tape, exchange.kernels(), exchange.rows(), dy.rows_RD(), h, h);
        gradients.pass(0, h);
    }
}
