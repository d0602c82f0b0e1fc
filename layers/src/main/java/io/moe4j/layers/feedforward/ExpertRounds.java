package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The routed experts where an exchange may need several rounds: (x_TD, weights_TK) → out_TD, in one operation. Each round dispatches as many rows as the
 * receive buffer holds, computes their experts, and brings the results back; the last one sums. The next round overwrites the rows of the round before, so
 * nothing of the experts is left for backward, which computes the rounds again. In memory there is never more than one round.
 *
 * <p>Outputs, and gradients with respect to tokens and weights, have the bits that one round in a larger buffer would give. Gradients with respect to the
 * experts' parameters are sums over rows: they are added up round by round, in fp32, in the order of the rounds. One round gives the bits of
 * {@link ExpertHidden} and {@link ExpertOutput}.
 */
final class ExpertRounds implements Operation {
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final Routing routing;
    private final Parameter gateUp_e2FD;
    private final Parameter down_eDF;
    private final Variable x_TD;
    private final Variable weights_TK;

    ExpertRounds(CommBackend comm, ExpertKernels kernels, Routing routing, Parameter gateUp_e2FD, Parameter down_eDF,
            Variable x_TD, Variable weights_TK) {
        this.comm = comm;
        this.kernels = kernels;
        this.routing = routing;
        this.gateUp_e2FD = gateUp_e2FD;
        this.down_eDF = down_eDF;
        this.x_TD = x_TD;
        this.weights_TK = weights_TK;
    }

    @Override
    public String name() {
        return "expert rounds " + gateUp_e2FD.name();
    }

    /** The products of gate and up, two of three. */
    @Override
    public double partRepeatedByBackward() {
        return 2.0 / 3;
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", x_TD.tensor().dtype(), x_TD.tensor().dim(0), down_eDF.shape()[1]);
    }

    @Override
    public void forward(Tape tape, Tensor out_TD) {
        try (Scope scope = tape.rank().memory().open()) {
            Workspace workspace = new Workspace(tape);
            eachRound(tape, part -> {
                ReceivedRows rows = workspace.hidden(part);
                kernels.forward(tape.stream(), new GroupedProduct.Forward(workspace.h_RF, down_eDF.value(),
                        part.offsets_e(), rows.outputs_RD(), part.before_1()));
                comm.combine(CombineRequest.of(rows, out_TD).withWaiting(workspace.waiting_ND)).await();
            });
        }
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.write(0, dx_TD -> gradients.write(1, dweights_TK -> {
            try (Scope scope = tape.rank().memory().open()) {
                Workspace workspace = new Workspace(tape);
                eachRound(tape, part -> backward(tape, workspace, part, gradients.ofOutput(), dx_TD, dweights_TK));
            }
        }));
    }

    private void backward(Tape tape, Workspace workspace, DispatchPlan part, Tensor dout_TD, Tensor dx_TD,
            Tensor dweights_TK) {
        Tensor offsets_e = part.offsets_e();
        ReceivedRows inputs = workspace.hidden(part);
        ReceivedRows dy = comm.dispatch(DispatchRequest.of(part, dout_TD, ReceiveBuffer.GRADIENTS)).await();
        kernels.weightGradient(tape.stream(), new GroupedProduct.WeightGradient(dy.rows_RD(), workspace.h_RF,
                offsets_e, down_eDF.gradient(), down_eDF.accumulatesGradient()));
        // Each gradient overwrites the value that it belongs to, which is not read again.
        kernels.inputGradient(tape.stream(), new GroupedProduct.InputGradient(dy.rows_RD(), down_eDF.value(),
                offsets_e, workspace.h_RF, part.before_1()));
        kernels.swigluBackward(tape.stream(), new SwiGlu.Backward(workspace.gate(), workspace.up(), workspace.h_RF,
                Optional.of(inputs.weights_R()), offsets_e, workspace.gate(), workspace.up(),
                Optional.of(dy.scalars_R())));
        kernels.weightGradient(tape.stream(), new GroupedProduct.WeightGradient(workspace.gateUp_R2F,
                inputs.rows_RD(), offsets_e, gateUp_e2FD.gradient(), gateUp_e2FD.accumulatesGradient()));
        kernels.inputGradient(tape.stream(), new GroupedProduct.InputGradient(workspace.gateUp_R2F,
                gateUp_e2FD.value(), offsets_e, dy.outputs_RD(), part.before_1()));
        comm.combine(CombineRequest.of(dy, dx_TD).withScalars(dweights_TK).withWaiting(workspace.waiting_ND)).await();
    }

    /** The first round, which is the plan itself, and those that follow. Each gives back the memory that it takes. */
    private void eachRound(Tape tape, Consumer<DispatchPlan> round) {
        Consumer<DispatchPlan> scoped = part -> {
            try (Scope scope = tape.rank().memory().open()) {
                round.accept(part);
            }
        };
        scoped.accept(routing.plan());
        comm.furtherRounds(routing.plan(), scoped);
    }

    /** The memory of a round, which all rounds use. */
    private final class Workspace {
        private final Tape tape;
        private final Tensor gateUp_R2F;
        private final Tensor h_RF;
        private final Tensor waiting_ND;

        Workspace(Tape tape) {
            this.tape = tape;
            DType dtype = x_TD.tensor().dtype();
            long hidden = down_eDF.shape()[2];
            gateUp_R2F = tape.temporary("expert activations", dtype, comm.capacityRows(), 2 * hidden);
            h_RF = tape.temporary("expert activations", dtype, comm.capacityRows(), hidden);
            waiting_ND = tape.temporary("rows of earlier rounds", dtype, routing.ids_TK().elements(),
                    x_TD.tensor().dim(1));
        }

        Tensor gate() {
            return gateUp_R2F.slice(1, 0, h_RF.dim(1));
        }

        Tensor up() {
            return gateUp_R2F.slice(1, h_RF.dim(1), gateUp_R2F.dim(1));
        }

        /** Dispatches the inputs of a round, and computes gate, up and hidden rows from them. */
        ReceivedRows hidden(DispatchPlan part) {
            ReceivedRows rows = comm.dispatch(DispatchRequest.of(part, x_TD.tensor(), ReceiveBuffer.ACTIVATIONS)
                    .withWeights(weights_TK.tensor())).await();
            kernels.forward(tape.stream(), new GroupedProduct.Forward(rows.rows_RD(), gateUp_e2FD.value(),
                    part.offsets_e(), gateUp_R2F, part.before_1()));
            kernels.swiglu(tape.stream(), new SwiGlu.Forward(gate(), up(), Optional.of(rows.weights_R()),
                    part.offsets_e(), h_RF));
            return rows;
        }
    }
}
