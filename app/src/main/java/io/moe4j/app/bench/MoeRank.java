package io.moe4j.app.bench;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** One rank of a timed layer: it runs forward and backward once, with each part between two events, after a barrier of all ranks. */
final class MoeRank {
    static final String SWIGLU_EXACT = MoeFigures.SWIGLU + MoeFigures.EXACT;
    static final String SWIGLU_AGAIN = "swiglu_again";

    private final RankContext rank;
    private final PeerGroup aligned;
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final long hidden;
    private final Tensor ids_TK;
    private final Tensor x_TD;
    private final Tensor weights_TK;
    private final Tensor out_TD;
    private final Tensor dweights_TK;
    /** The buffer in which rows of one round wait for those of later rounds; absent if there is only one round. */
    private final Optional<Tensor> waiting_ND;
    private final Tensor gateUp_R2F;
    private final Tensor h_RF;
    private final Tensor dh_RF;
    private final Tensor gateUp_e2FD;
    private final Tensor down_eDF;
    private final Tensor dgateUp_e2FD;
    private final Tensor ddown_eDF;
    private final Map<String, Event[]> events = new LinkedHashMap<>();
    private long received;

    MoeRank(RankContext rank, PeerGroup aligned, CommBackend comm, ExpertKernels kernels, BenchTensors tensors,
            BenchSetup setup) {
        this.rank = rank;
        this.aligned = aligned;
        this.comm = comm;
        this.kernels = kernels;
        MoeSpec moe = setup.moe();
        DType dtype = setup.dtype();
        DType gradients = setup.config().training().gradientDtype();
        long tokens = setup.config().training().localTokens();
        long capacity = comm.capacityRows();
        long local = moe.experts() / rank.world().size();
        hidden = moe.expertHidden();
        ids_TK = tensors.of(setup.ids(rank.rank()), tokens, moe.topK());
        x_TD = tensors.random(dtype, tokens, moe.dim());
        weights_TK = tensors.random(DType.F32, tokens, moe.topK());
        out_TD = tensors.empty(dtype, tokens, moe.dim());
        dweights_TK = tensors.empty(DType.F32, tokens, moe.topK());
        waiting_ND = comm.maxRounds() == 1 ? Optional.empty()
                : Optional.of(tensors.empty(dtype, tokens * moe.topK(), moe.dim()));
        gateUp_R2F = tensors.empty(dtype, capacity, 2 * hidden);
        h_RF = tensors.empty(dtype, capacity, hidden);
        dh_RF = tensors.empty(dtype, capacity, hidden);
        gateUp_e2FD = tensors.random(dtype, local, 2 * hidden, moe.dim());
        down_eDF = tensors.random(dtype, local, moe.dim(), hidden);
        dgateUp_e2FD = tensors.empty(gradients, local, 2 * hidden, moe.dim());
        ddown_eDF = tensors.empty(gradients, local, moe.dim(), hidden);
    }

    private Stream stream() {
        return rank.stream();
    }

    /** Rows that this rank receives: a buffer of so many rows has none unused. */
    void countRows() {
        try (Scope step = rank.memory().openStep()) {
            int[] offsets = new int[Math.toIntExact(gateUp_e2FD.dim(0))];
            stream().download(comm.plan(ids_TK).offsets_e(), MemorySegment.ofArray(offsets));
            received = offsets[offsets.length - 1];
        }
    }

    /** Runs forward and backward once; returns the seconds of each part on this rank. */
    Map<String, Double> run() {
        events.clear();
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan[] plan = new DispatchPlan[1];
            timed(MoeFigures.PLAN, () -> plan[0] = comm.plan(ids_TK));
            ReceivedRows rows = forward(plan[0]);
            backward(plan[0], rows);
        }
        stream().synchronize();
        Map<String, Double> seconds = new LinkedHashMap<>();
        events.forEach((name, pair) -> seconds.put(name, pair[1].secondsSince(pair[0])));
        return seconds;
    }

    private ReceivedRows forward(DispatchPlan plan) {
        ReceivedRows rows = dispatch(MoeFigures.DISPATCH, DispatchRequest.of(plan, x_TD, ReceiveBuffer.ACTIVATIONS)
                .withWeights(weights_TK));
        Tensor offsets = plan.offsets_e();
        timed(MoeFigures.GATE_UP, () -> kernels.forward(stream(),
                new GroupedProduct.Forward(rows.rows_RD(), gateUp_e2FD, offsets, gateUp_R2F)));
        SwiGlu.Forward whole = new SwiGlu.Forward(gate(), up(), Optional.of(rows.weights_R()), offsets, h_RF);
        SwiGlu.Forward filled = new SwiGlu.Forward(exact(gate()), exact(up()), Optional.of(exact(rows.weights_R())),
                offsets, exact(h_RF));
        timed(MoeFigures.SWIGLU, () -> kernels.swiglu(stream(), whole));
        // The two parts that are compared find their rows in the same state: used just before.
        timed(SWIGLU_EXACT, () -> kernels.swiglu(stream(), filled));
        timed(SWIGLU_AGAIN, () -> kernels.swiglu(stream(), whole));
        timed(MoeFigures.DOWN, () -> kernels.forward(stream(),
                new GroupedProduct.Forward(h_RF, down_eDF, offsets, rows.rows_RD())));
        timed(MoeFigures.COMBINE, () -> comm.combine(bringing(rows)).await());
        return rows;
    }

    /** Runs the parts in the order of the model's backward. The parts that it would recompute first were timed in forward. */
    private void backward(DispatchPlan plan, ReceivedRows rows) {
        Tensor offsets = plan.offsets_e();
        ReceivedRows gradients = dispatch(MoeFigures.COMBINE_ADJOINT,
                DispatchRequest.of(plan, x_TD, ReceiveBuffer.GRADIENTS));
        timed(MoeFigures.DOWN_INPUT, () -> kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(gradients.rows_RD(), down_eDF, offsets, dh_RF)));
        timed(MoeFigures.DOWN_WEIGHT, () -> kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(gradients.rows_RD(), h_RF, offsets, ddown_eDF, false)));
        timed(MoeFigures.SWIGLU_BACKWARD,
                () -> kernels.swigluBackward(stream(), new SwiGlu.Backward(gate(), up(), dh_RF,
                        Optional.of(rows.weights_R()), offsets, gate(), up(), Optional.of(gradients.scalars_R()))));
        timed(MoeFigures.GATE_UP_WEIGHT, () -> kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(gateUp_R2F, rows.rows_RD(), offsets, dgateUp_e2FD, false)));
        timed(MoeFigures.GATE_UP_INPUT, () -> kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(gateUp_R2F, gateUp_e2FD, offsets, gradients.rows_RD())));
        timed(MoeFigures.DISPATCH_ADJOINT,
                () -> comm.combine(bringing(gradients).withScalars(dweights_TK)).await());
    }

    private ReceivedRows dispatch(String name, DispatchRequest request) {
        ReceivedRows[] rows = new ReceivedRows[1];
        timed(name, () -> rows[0] = comm.dispatch(request).await());
        return rows[0];
    }

    private CombineRequest bringing(ReceivedRows rows) {
        CombineRequest request = CombineRequest.of(rows, out_TD);
        return waiting_ND.map(request::withWaiting).orElse(request);
    }

    private void timed(String name, Runnable work) {
        aligned.barrier(stream(), "benchmark, " + name);
        Event start = stream().record();
        work.run();
        events.put(name, new Event[] {start, stream().record()});
    }

    private Tensor gate() {
        return gateUp_R2F.slice(1, 0, hidden);
    }

    private Tensor up() {
        return gateUp_R2F.slice(1, hidden, 2 * hidden);
    }

    private Tensor exact(Tensor ofCapacity) {
        return ofCapacity.slice(0, 0, received);
    }
}
