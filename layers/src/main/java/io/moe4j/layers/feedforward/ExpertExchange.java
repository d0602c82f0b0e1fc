package io.moe4j.layers.feedforward;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.Functions;
import io.moe4j.autograd.function.Quantized;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * State that the operations of the routed experts share during one forward and backward: the dispatch plan, and the contents of the receive buffers. An
 * object is used once. The operations are {@link ExpertInputs}, {@link ExpertGateUp}, {@link ExpertHidden}, {@link ExpertOutput} and {@link ExpertSum}, in
 * this order.
 *
 * <p>The ACTIVATIONS buffer holds the experts' inputs until {@link ExpertOutput} overwrites them with outputs. Recompute does not run ExpertOutput,
 * so backward finds the inputs in the buffer. Without recompute the inputs are gone, because the outputs or the next layer have overwritten them, and
 * backward dispatches them again. Inputs that are kept have memory of their own, where backward finds them. The GRADIENTS buffer holds the gradient with
 * respect to the outputs, then the gradient with respect to the inputs.
 *
 * <p>An exchange is launched by one operation and awaited by a later one. In between lies one half of the network of shared experts, which computes while
 * rows travel, if the rank has a second stream. Backward runs from right to left:
 *
 * <pre>
 * forward    ExpertInputs       shared gate, up    ExpertGateUp   ExpertHidden   ExpertOutput       shared down    ExpertSum
 *            launches dispatch                     awaits it                     launches combine                  awaits it
 * backward   awaits combine     shared gate, up    launches combine              awaits dispatch    shared down    launches dispatch
 * </pre>
 *
 * <p>Where an exchange may need several rounds, these operations make the first one. {@link ExpertRounds} makes the others: in forward together with
 * ExpertOutput, in backward together with ExpertInputs.
 */
final class ExpertExchange {
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final Routing routing;
    private final ExpertMatrix gateUp_e2FD;
    private final ExpertMatrix down_eDF;
    private final Variable x_TD;
    private final Variable weights_TK;
    private final DType sent;
    /** Where rows are quantized before each dispatch, if they are sent in a type with scales. */
    private Optional<Tensor> sending_TD = Optional.empty();
    private boolean keepsInputs;
    private Optional<PendingRows> launchedInputs = Optional.empty();
    private Optional<ReceivedRows> inputs = Optional.empty();
    private Optional<PendingTokens> launchedOutputs = Optional.empty();
    private Optional<PendingRows> launchedGradients = Optional.empty();
    private Optional<InputGradients> inputGradients = Optional.empty();
    private Optional<ReceivedRows> gradients = Optional.empty();

    /** Gradients with respect to tokens and weights, whose combine has been launched. */
    record InputGradients(PendingTokens launched, Tensor dx_TD, Tensor dweights_TK) {}

    /** @param sent type of the rows that are sent to experts; results come back in the type of activations */
    ExpertExchange(CommBackend comm, ExpertKernels kernels, Routing routing, ExpertMatrix gateUp_e2FD,
            ExpertMatrix down_eDF, Variable x_TD, Variable weights_TK, DType sent) {
        this.sent = sent;
        this.x_TD = x_TD;
        this.weights_TK = weights_TK;
        this.comm = comm;
        this.kernels = kernels;
        this.routing = routing;
        this.gateUp_e2FD = gateUp_e2FD;
        this.down_eDF = down_eDF;
    }

    /** Applies the operations: the sum of the experts' outputs for each token. */
    Variable apply(Tape tape) {
        ExpertActivations activations = begin(tape);
        return sum(tape, output(tape, activations, inputs(tape, activations)));
    }

    /** Applies the operations, and a network for all tokens beside the exchanges: the sum of both. */
    Variable apply(Tape tape, SwiGluNetwork shared) {
        ExpertActivations activations = begin(tape);
        Variable inputs = inputs(tape, activations);
        Variable gateUp_T2F = shared.gateUp(tape, x_TD);
        Variable output = output(tape, activations, inputs);
        Variable other_TD = shared.down(tape, gateUp_T2F);
        return Functions.add(tape, sum(tape, output), other_TD);
    }

    private ExpertActivations begin(Tape tape) {
        sending_TD = sent.isScaled() ? Optional.of(Quantized.rowsLike(tape, sent, x_TD.tensor())) : Optional.empty();
        return new ExpertActivations(this);
    }

    private Variable inputs(Tape tape, ExpertActivations activations) {
        return tape.apply(new ExpertInputs(this, activations, x_TD), x_TD, weights_TK);
    }

    private Variable output(Tape tape, ExpertActivations activations, Variable inputs) {
        Variable gateUp = tape.apply(new ExpertGateUp(this, activations), inputs);
        Variable hidden = tape.apply(new ExpertHidden(this, activations, gateUp), gateUp, inputs);
        return tape.apply(new ExpertOutput(this, activations, hidden, x_TD.tensor().dim(0)), hidden);
    }

    private Variable sum(Tape tape, Variable output) {
        return tape.apply(new ExpertSum(this, output), output);
    }

    ExpertKernels kernels() {
        return kernels;
    }

    /** The rows of the first round. */
    ExpertMatrix.Rows rows() {
        return ExpertMatrix.Rows.all(offsets_e());
    }

    /** I32 (e): running sums of the rows of this rank's experts in the first round, on the device. */
    Tensor offsets_e() {
        return routing.plan().offsets_e();
    }

    ExpertMatrix gateUp_e2FD() {
        return gateUp_e2FD;
    }

    ExpertMatrix down_eDF() {
        return down_eDF;
    }

    /** R_max: rows that a receive buffer can hold. */
    long capacityRows() {
        return comm.capacityRows();
    }

    /** N: rows that a rank sends; with perfectly balanced routing it receives the same number. */
    long routedRows() {
        return routing.ids_TK().elements();
    }

    /** F, the hidden dimension of an expert. */
    long hidden() {
        return down_eDF.weight_eOI().shape()[2];
    }

    /** The type of rows. */
    DType dtype() {
        return x_TD.tensor().dtype();
    }

    /** Bytes of inputs that are kept; 0 if the backend cannot keep them. */
    long keptBytes() {
        return comm.keptBytes();
    }

    /** Decides that the inputs are kept; in recompute, finds those that forward has kept. */
    void keepInputs(Tape tape) {
        keepsInputs = true;
        if (tape.isRecompute()) {
            inputs = Optional.of(kept(tape, () -> {
                throw new IllegalStateException("recompute looks for expert inputs that its forward has not kept");
            }));
        }
    }

    private ReceivedRows kept(Tape tape, Supplier<ReceivedRows> first) {
        return tape.kept(ReceivedRows.class, "expert inputs of " + gateUp_e2FD.weight_eOI().name(), first);
    }

    /** Launches the dispatch of tokens, with their weights, to the experts. {@link #inputs} awaits it. */
    void launchInputs(Tape tape) {
        launchedInputs = Optional.of(launchInputs(tape, routing.plan(), keepsInputs, true));
        leaveMultiprocessors(tape);
    }

    /** The inputs of a round. */
    ReceivedRows dispatchInputs(Tape tape, DispatchPlan round) {
        return launchInputs(tape, round, false, false).await();
    }

    private PendingRows launchInputs(Tape tape, DispatchPlan round, boolean keeps, boolean besideMain) {
        return send(tape, x_TD.tensor(), rows -> DispatchRequest.of(round, rows, ReceiveBuffer.ACTIVATIONS)
                .withWeights(weights_TK.tensor()).withKeptRows(keeps).withBesideMain(besideMain));
    }

    /** The received inputs. If they are no longer in the buffer, they are sent again. */
    ReceivedRows inputs(Tape tape) {
        if (launchedInputs.isPresent()) {
            PendingRows launched = launchedInputs.get();
            launchedInputs = Optional.empty();
            takeMultiprocessors(tape);
            inputs = Optional.of(keepsInputs ? kept(tape, launched::await) : launched.await());
        }
        ReceivedRows rows = inputs.orElseGet(() -> dispatchInputs(tape, routing.plan()));
        inputs = Optional.of(rows);
        return rows;
    }

    /** Ends the use of kept inputs: all work that reads them has been enqueued. */
    void releaseInputs() {
        inputs.ifPresent(ReceivedRows::release);
    }

    /** The received rows whose buffer the outputs are written to. The outputs overwrite the inputs, unless the inputs are kept. */
    ReceivedRows rowsForOutputs(Tape tape) {
        if (keepsInputs && tape.isRecompute()) {
            // Kept rows have memory of their own, and later dispatches have used the buffer: dispatch again to own it.
            return dispatchInputs(tape, routing.plan());
        }
        ReceivedRows rows = inputs.orElseThrow(() -> new IllegalStateException(
                "expert outputs are wanted, but no inputs have been dispatched; apply the hidden layer first"));
        inputs = keepsInputs ? inputs : Optional.empty();
        return rows;
    }

    /** Memory for rows of earlier rounds, if there can be any. */
    Optional<Tensor> waiting_ND(Tape tape) {
        return comm.maxRounds() == 1 ? Optional.empty()
                : Optional.of(tape.temporary("rows of earlier rounds", dtype(), routedRows(), x_TD.tensor().dim(1)));
    }

    /** Sums, for each token, the rows that the experts have written to a buffer. */
    void combine(ReceivedRows rows, Tensor out_TD, Optional<Tensor> scalars_TK, Optional<Tensor> waiting_ND) {
        comm.combine(new CombineRequest(rows, out_TD, scalars_TK, waiting_ND, false)).await();
    }

    /** The same for the outputs of the only round, which {@link #awaitOutputs} waits for. */
    void launchOutputs(Tape tape, ReceivedRows rows, Tensor out_TD) {
        launchedOutputs = Optional.of(comm.combine(CombineRequest.of(rows, out_TD).withBesideMain(true)));
        leaveMultiprocessors(tape);
    }

    /** The main stream waits for outputs that were launched. */
    void awaitOutputs(Tape tape) {
        launchedOutputs.ifPresent(PendingTokens::await);
        takeMultiprocessors(tape);
        launchedOutputs = Optional.empty();
    }

    /** Launches the dispatch of the gradients with respect to the tokens' outputs to the experts. {@link #awaitGradients} awaits it. */
    void launchGradients(Tape tape, Tensor dout_TD) {
        launchedGradients = Optional.of(launchGradients(tape, routing.plan(), dout_TD, true));
        leaveMultiprocessors(tape);
    }

    /** The gradients with respect to the tokens' outputs, as received by the ranks of their experts. */
    ReceivedRows awaitGradients(Tape tape) {
        takeMultiprocessors(tape);
        ReceivedRows rows = launchedGradients
                .orElseThrow(() -> new IllegalStateException("gradients of outputs are awaited before they are sent"))
                .await();
        launchedGradients = Optional.empty();
        gradients = Optional.of(rows);
        return rows;
    }

    /** The gradients of a round. */
    ReceivedRows dispatchGradients(Tape tape, DispatchPlan round, Tensor dout_TD) {
        return launchGradients(tape, round, dout_TD, false).await();
    }

    private PendingRows launchGradients(Tape tape, DispatchPlan round, Tensor dout_TD, boolean besideMain) {
        return send(tape, dout_TD, rows -> DispatchRequest.of(round, rows, ReceiveBuffer.GRADIENTS)
                .withBesideMain(besideMain));
    }

    /**
     * Launches the combine that brings the gradients of the only round back to the tokens, if both gradients are wanted; {@link #takeInputGradients} awaits
     * it.
     */
    void launchInputGradients(Tape tape) {
        if (comm.maxRounds() == 1 && x_TD.needsGradient() && weights_TK.needsGradient()) {
            Tensor dx_TD = temporaryLike(tape, x_TD.tensor());
            Tensor dweights_TK = temporaryLike(tape, weights_TK.tensor());
            inputGradients = Optional.of(new InputGradients(comm.combine(
                    CombineRequest.of(gradients(), dx_TD).withScalars(dweights_TK).withBesideMain(true)), dx_TD,
                    dweights_TK));
            leaveMultiprocessors(tape);
        }
    }

    /** The gradients with respect to tokens and weights, if they were launched; the main stream waits for them. */
    Optional<InputGradients> takeInputGradients(Tape tape) {
        takeMultiprocessors(tape);
        Optional<InputGradients> launched = inputGradients;
        launched.ifPresent(each -> each.launched.await());
        inputGradients = Optional.empty();
        return launched;
    }

    /** Products leave some multiprocessors free for the exchange until it is awaited. */
    private void leaveMultiprocessors(Tape tape) {
        tape.stream().leaveMultiprocessors(comm.multiprocessorsBeside());
    }

    private static void takeMultiprocessors(Tape tape) {
        tape.stream().leaveMultiprocessors(0);
    }

    private static Tensor temporaryLike(Tape tape, Tensor tensor) {
        return tape.temporary("gradients of activations", tensor.dtype(), Tape.extents(tensor));
    }

    /**
     * Sends rows, quantized first if they are sent in a type with scales. Opens no scope, because the received rows may be allocated in the innermost open
     * one.
     */
    private PendingRows send(Tape tape, Tensor rows_TD, Function<Tensor, DispatchRequest> request) {
        sending_TD.ifPresent(quantized -> {
            // An earlier dispatch may still read the tensor that is overwritten now.
            launchedInputs.ifPresent(PendingRows::await);
            launchedGradients.ifPresent(PendingRows::await);
            Quantized.fill(tape, rows_TD, quantized);
        });
        return comm.dispatch(request.apply(sending_TD.orElse(rows_TD)));
    }

    /** The received gradients, to be overwritten. */
    ReceivedRows gradients() {
        return gradients.orElseThrow(() -> new IllegalStateException(
                "gradients of the expert inputs are wanted before those of the outputs have been dispatched"));
    }

    /** Runs {@code round} for each round after the first. Each releases the memory that it allocates. */
    void furtherRounds(Tape tape, Consumer<DispatchPlan> round) {
        comm.furtherRounds(routing.plan(), part -> {
            try (Scope scope = tape.rank().memory().open()) {
                round.accept(part);
            }
        });
    }
}
