package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/**
 * State that the operations of the routed experts share in one use: the dispatch plan, and the contents of the receive buffers. Used once. The
 * operations are {@link ExpertInputs}, {@link ExpertGateUp}, {@link ExpertHidden} and {@link ExpertOutput}, in this order.
 *
 * <p>The ACTIVATIONS buffer holds the experts' inputs until {@link ExpertOutput} overwrites them with outputs. Recompute does not run ExpertOutput,
 * so backward finds the inputs in the buffer. Without recompute the inputs are gone, because the outputs or the next layer have overwritten them, and
 * backward dispatches them again. The GRADIENTS buffer holds the gradient with respect to the outputs, then the gradient with respect to the inputs.
 */
final class ExpertExchange {
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final Routing routing;
    private final Parameter gateUp_e2FD;
    private final Parameter down_eDF;
    private final Variable x_TD;
    private final Variable weights_TK;
    private Optional<ReceivedRows> inputs = Optional.empty();
    private Optional<ReceivedRows> gradients = Optional.empty();

    ExpertExchange(CommBackend comm, ExpertKernels kernels, Routing routing, Parameter gateUp_e2FD,
            Parameter down_eDF, Variable x_TD, Variable weights_TK) {
        this.x_TD = x_TD;
        this.weights_TK = weights_TK;
        this.comm = comm;
        this.kernels = kernels;
        this.routing = routing;
        this.gateUp_e2FD = gateUp_e2FD;
        this.down_eDF = down_eDF;
    }

    /** Applies the four operations: the sum of the experts' outputs for each token. */
    Variable apply(Tape tape) {
        Variable inputs = tape.apply(new ExpertInputs(this, x_TD), x_TD, weights_TK);
        Variable gateUp = tape.apply(new ExpertGateUp(this), inputs);
        Variable hidden = tape.apply(new ExpertHidden(this, gateUp), gateUp, inputs);
        return tape.apply(new ExpertOutput(this, hidden, x_TD.tensor().dim(0)), hidden);
    }

    ExpertKernels kernels() {
        return kernels;
    }

    /** I32 (e): running sums of the rows of this rank's experts, on the device. */
    Tensor offsets_e() {
        return routing.plan().offsets_e();
    }

    Parameter gateUp_e2FD() {
        return gateUp_e2FD;
    }

    Parameter down_eDF() {
        return down_eDF;
    }

    /** R_max: rows that a receive buffer can hold. */
    long capacityRows() {
        return comm.capacityRows();
    }

    /** F, the hidden dimension of an expert. */
    long hidden() {
        return down_eDF.shape()[2];
    }

    /** The type of rows. */
    DType dtype() {
        return x_TD.tensor().dtype();
    }

    /** Sends tokens, with their weights, to the experts. */
    ReceivedRows dispatchInputs() {
        ReceivedRows rows = comm.dispatch(DispatchRequest
                .of(routing.plan(), x_TD.tensor(), ReceiveBuffer.ACTIVATIONS).withWeights(weights_TK.tensor())).await();
        inputs = Optional.of(rows);
        return rows;
    }

    /** The received inputs. If they are no longer in the buffer, they are sent again. */
    ReceivedRows inputs() {
        return inputs.orElseGet(this::dispatchInputs);
    }

    /** The received inputs, to be overwritten with the outputs. */
    ReceivedRows takeInputs() {
        ReceivedRows rows = inputs.orElseThrow(() -> new IllegalStateException(
                "expert outputs are wanted, but no inputs have been dispatched; apply the hidden layer first"));
        inputs = Optional.empty();
        return rows;
    }

    /** Sums, for each token, the rows that the experts have written to a buffer. */
    void combine(ReceivedRows rows, Tensor out_TD, Optional<Tensor> scalars_TK) {
        comm.combine(new CombineRequest(rows, out_TD, scalars_TK)).await();
    }

    /** Sends the gradients with respect to the tokens' outputs to the experts. */
    ReceivedRows dispatchGradients(Tensor dout_TD) {
        ReceivedRows rows = comm.dispatch(DispatchRequest.of(routing.plan(), dout_TD, ReceiveBuffer.GRADIENTS)).await();
        gradients = Optional.of(rows);
        return rows;
    }

    /** The received gradients, to be overwritten. */
    ReceivedRows gradients() {
        return gradients.orElseThrow(() -> new IllegalStateException(
                "gradients of the expert inputs are wanted before those of the outputs have been dispatched"));
    }
}
