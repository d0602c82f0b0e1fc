package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import java.util.Optional;

/**
 * The rounds of an exchange after the first, for rows that do not fit into the receive buffer in one round. Each dispatches as many rows as the buffer holds,
 * computes their experts, and brings the results back; the last one sums. Each round overwrites the rows of the round before it, so backward computes these
 * rounds again. Memory never holds more than one of them.
 *
 * <p>Outputs, and gradients with respect to tokens and weights, have the bits that one round in a larger buffer would give. Gradients with respect to the
 * experts' parameters are sums over rows: they are added up round by round, in fp32, in the order of the rounds.
 */
final class ExpertRounds {
    private final ExpertExchange exchange;
    private final ExpertKernels kernels;
    private final Tape tape;
    private final ExpertMatrix gateUp_e2FD;
    private final ExpertMatrix down_eDF;
    private final Tensor gateUp_R2F;
    private final Tensor h_RF;
    private final Tensor waiting_ND;

    /**
     * @param gateUp_R2F memory of a round
     * @param h_RF memory of a round
     * @param waiting_ND rows of earlier rounds
     */
    ExpertRounds(ExpertExchange exchange, Tape tape, Tensor gateUp_R2F, Tensor h_RF, Tensor waiting_ND) {
        this.exchange = exchange;
        this.kernels = exchange.kernels();
        this.tape = tape;
        this.gateUp_e2FD = exchange.gateUp_e2FD();
        this.down_eDF = exchange.down_eDF();
        this.gateUp_R2F = gateUp_R2F;
        this.h_RF = h_RF;
        this.waiting_ND = waiting_ND;
    }

    void forward(Tensor out_TD) {
        exchange.furtherRounds(tape, part -> {
            ReceivedRows rows = computeHidden(part);
            down_eDF.forward(tape, kernels, rows(part), h_RF, rows.outputs_RD());
            exchange.combine(rows, out_TD, Optional.empty(), Optional.of(waiting_ND));
        });
    }

    void backward(Tensor dout_TD, Tensor dx_TD, Tensor dweights_TK) {
        exchange.furtherRounds(tape, part -> backward(part, dout_TD, dx_TD, dweights_TK));
    }

    private void backward(DispatchPlan part, Tensor dout_TD, Tensor dx_TD, Tensor dweights_TK) {
        Tensor offsets_e = part.offsets_e();
        ReceivedRows inputs = computeHidden(part);
        ReceivedRows dy = exchange.dispatchGradients(tape, part, dout_TD);
        // Each gradient overwrites its value, which is not read again.
        down_eDF.backward(tape, kernels, rows(part), dy.rows_RD(), h_RF, h_RF);
        kernels.swigluBackward(tape.stream(), new SwiGlu.Backward(gate(), up(), h_RF,
                Optional.of(inputs.weights_R()), offsets_e, gate(), up(), Optional.of(dy.scalars_R())));
        gateUp_e2FD.backward(tape, kernels, rows(part), gateUp_R2F, inputs.rows_RD(), dy.outputs_RD());
        exchange.combine(dy, dx_TD, Optional.of(dweights_TK), Optional.of(waiting_ND));
    }

    /** Dispatches the inputs of a round, and computes gate, up and hidden rows from them. */
    private ReceivedRows computeHidden(DispatchPlan part) {
        ReceivedRows rows = exchange.dispatchInputs(tape, part);
        gateUp_e2FD.forward(tape, kernels, rows(part), rows.rows_RD(), gateUp_R2F);
        kernels.swiglu(tape.stream(), new SwiGlu.Forward(gate(), up(), Optional.of(rows.weights_R()),
                part.offsets_e(), h_RF));
        return rows;
    }

    private static ExpertMatrix.Rows rows(DispatchPlan part) {
        return new ExpertMatrix.Rows(part.offsets_e(), part.before_1());
    }

    private Tensor gate() {
        return gateUp_R2F.slice(1, 0, exchange.hidden());
    }

    private Tensor up() {
        return gateUp_R2F.slice(1, exchange.hidden(), 2 * exchange.hidden());
    }
}
