package io.moe4j.app.bench;

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
import io.moe4j.api.tensor.Tensor;
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
    private final ExchangeTensors exchanged;
    private final ExpertTensors experts;
    private final Tensor dh_RF;
    private final Map<String, Event[]> events = new LinkedHashMap<>();
    private long received;

    MoeRank(RankContext rank, PeerGroup aligned, CommBackend comm, ExpertKernels kernels, BenchTensors tensors,
            BenchSetup setup) {
        this.rank = rank;
        this.aligned = aligned;
        this.comm = comm;
        this.kernels = kernels;
        exchanged = ExchangeTensors.of(tensors, setup, setup.ids(rank.rank()), comm);
        experts = ExpertTensors.of(tensors, setup, comm, rank.world().size());
        dh_RF = tensors.empty(setup.dtype(), comm.capacityRows(), setup.moe().expertHidden());
    }

    private Stream stream() {
        return rank.stream();
    }

    /** Counts the rows that this rank receives; a buffer of this size has no unused rows. */
    void countRows() {
        try (Scope step = rank.memory().openStep()) {
            int[] offsets = new int[Math.toIntExact(experts.gateUp_e2FD().dim(0))];
            stream().download(comm.plan(exchanged.ids_TK()).offsets_e(), MemorySegment.ofArray(offsets));
            received = offsets[offsets.length - 1];
        }
    }

    /** Runs forward and backward once; returns the seconds of each part on this rank. */
    Map<String, Double> run() {
        events.clear();
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan[] plan = new DispatchPlan[1];
            timed(MoeFigures.PLAN, () -> plan[0] = comm.plan(exchanged.ids_TK()));
            ReceivedRows rows = forward(plan[0]);
            backward(plan[0], rows);
        }
        stream().synchronize();
        Map<String, Double> seconds = new LinkedHashMap<>();
        events.forEach((name, pair) -> seconds.put(name, pair[1].secondsSince(pair[0])));
        return seconds;
    }

    private ReceivedRows forward(DispatchPlan plan) {
        ReceivedRows rows = dispatch(MoeFigures.DISPATCH,
                DispatchRequest.of(plan, exchanged.x_TD(), ReceiveBuffer.ACTIVATIONS)
                        .withWeights(exchanged.weights_TK()));
        Tensor offsets = plan.offsets_e();
        timed(MoeFigures.GATE_UP, () -> kernels.forward(stream(),
                new GroupedProduct.Forward(rows.rows_RD(), experts.gateUp_e2FD(), offsets, experts.gateUp_R2F())));
        SwiGlu.Forward whole = new SwiGlu.Forward(experts.gate(), experts.up(), Optional.of(rows.weights_R()), offsets,
                experts.h_RF());
        SwiGlu.Forward filled = new SwiGlu.Forward(exact(experts.gate()), exact(experts.up()),
                Optional.of(exact(rows.weights_R())),
                offsets, exact(experts.h_RF()));
        timed(MoeFigures.SWIGLU, () -> kernels.swiglu(stream(), whole));
        // Both compared parts run directly after a use of their rows, so that caches are in the same state.
        timed(SWIGLU_EXACT, () -> kernels.swiglu(stream(), filled));
        timed(SWIGLU_AGAIN, () -> kernels.swiglu(stream(), whole));
        timed(MoeFigures.DOWN, () -> kernels.forward(stream(),
                new GroupedProduct.Forward(experts.h_RF(), experts.down_eDF(), offsets, rows.rows_RD())));
        timed(MoeFigures.COMBINE, () -> comm.combine(exchanged.bringing(rows)).await());
        return rows;
    }

    /** Runs the parts in the order of the model's backward. The parts that recompute would run first were timed in forward. */
    private void backward(DispatchPlan plan, ReceivedRows rows) {
        Tensor offsets = plan.offsets_e();
        ReceivedRows gradients = dispatch(MoeFigures.COMBINE_ADJOINT,
                DispatchRequest.of(plan, exchanged.x_TD(), ReceiveBuffer.GRADIENTS));
        timed(MoeFigures.DOWN_INPUT, () -> kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(gradients.rows_RD(), experts.down_eDF(), offsets, dh_RF)));
        timed(MoeFigures.DOWN_WEIGHT, () -> kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(gradients.rows_RD(), experts.h_RF(), offsets, experts.ddown_eDF(),
                        false)));
        timed(MoeFigures.SWIGLU_BACKWARD,
                () -> kernels.swigluBackward(stream(), new SwiGlu.Backward(experts.gate(), experts.up(), dh_RF,
                        Optional.of(rows.weights_R()), offsets, experts.gate(), experts.up(),
                        Optional.of(gradients.scalars_R()))));
        timed(MoeFigures.GATE_UP_WEIGHT, () -> kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(experts.gateUp_R2F(), rows.rows_RD(), offsets, experts.dgateUp_e2FD(),
                        false)));
        timed(MoeFigures.GATE_UP_INPUT, () -> kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(experts.gateUp_R2F(), experts.gateUp_e2FD(), offsets,
                        gradients.rows_RD())));
        timed(MoeFigures.DISPATCH_ADJOINT,
                () -> comm.combine(exchanged.bringing(gradients).withScalars(exchanged.dweights_TK())).await());
    }

    private ReceivedRows dispatch(String name, DispatchRequest request) {
        ReceivedRows[] rows = new ReceivedRows[1];
        timed(name, () -> rows[0] = comm.dispatch(request).await());
        return rows[0];
    }

    private void timed(String name, Runnable work) {
        aligned.barrier(stream(), "benchmark, " + name);
        Event start = stream().record();
        work.run();
        events.put(name, new Event[] {start, stream().record()});
    }

    private Tensor exact(Tensor ofCapacity) {
        return ofCapacity.slice(0, 0, received);
    }
}
