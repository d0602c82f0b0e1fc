package io.moe4j.app.bench;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;

/** One rank's routed experts, run in as many rounds as the exchange needs: what a layer enqueues in forward, and in backward with full recompute. */
final class RoundsRank {
    private final RankContext rank;
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final ExchangeTensors exchanged;
    private final ExpertTensors experts;
    private final Tensor dx_TD;
    private boolean accumulate;

    RoundsRank(RankContext rank, CommBackend comm, ExpertKernels kernels, BenchTensors tensors, BenchSetup setup,
            int[] ids) {
        this.rank = rank;
        this.comm = comm;
        this.kernels = kernels;
        exchanged = ExchangeTensors.of(tensors, setup, ids, comm);
        experts = ExpertTensors.of(tensors, setup, comm, rank.world().size());
        dx_TD = tensors.empty(setup.dtype(), setup.config().training().localTokens(), setup.moe().dim());
    }

    /** Enqueues plan, forward and backward. */
    void forwardAndBackward() {
        try (Scope step = rank.memory().openStep()) {
            comm.resetStatistics();
            DispatchPlan plan = comm.plan(exchanged.ids_TK());
            each(plan, part -> {
                ReceivedRows rows = hidden(part);
                kernels.forward(stream(),
                        new GroupedProduct.Forward(experts.h_RF(), experts.down_eDF(), part.offsets_e(),
                                rows.outputs_RD(), part.before_1()));
                comm.combine(exchanged.bringing(rows)).await();
            });
            accumulate = false;
            each(plan, this::backward);
        }
    }

    /** How many rounds the last plan needed. */
    long rounds() {
        long[] statistics = new long[3];
        comm.roundStatistics()
                .ifPresent(counted -> stream().download(counted, MemorySegment.ofArray(statistics)));
        return Math.max(1, statistics[2]);
    }

    private void each(DispatchPlan plan, Consumer<DispatchPlan> round) {
        Consumer<DispatchPlan> scoped = part -> {
            try (Scope scope = rank.memory().open()) {
                round.accept(part);
            }
        };
        scoped.accept(plan);
        comm.furtherRounds(plan, scoped);
    }

    private ReceivedRows hidden(DispatchPlan part) {
        ReceivedRows rows = comm.dispatch(DispatchRequest.of(part, exchanged.x_TD(), ReceiveBuffer.ACTIVATIONS)
                .withWeights(exchanged.weights_TK())).await();
        kernels.forward(stream(), new GroupedProduct.Forward(rows.rows_RD(), experts.gateUp_e2FD(), part.offsets_e(),
                experts.gateUp_R2F(), part.before_1()));
        kernels.swiglu(stream(),
                new SwiGlu.Forward(experts.gate(), experts.up(), Optional.of(rows.weights_R()), part.offsets_e(),
                        experts.h_RF()));
        return rows;
    }

    private void backward(DispatchPlan part) {
        Tensor offsets = part.offsets_e();
        ReceivedRows inputs = hidden(part);
        ReceivedRows dy = comm.dispatch(DispatchRequest.of(part, exchanged.out_TD(), ReceiveBuffer.GRADIENTS)).await();
        kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(dy.rows_RD(), experts.h_RF(), offsets, experts.ddown_eDF(),
                        accumulate));
        kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(dy.rows_RD(), experts.down_eDF(), offsets, experts.h_RF(),
                        part.before_1()));
        kernels.swigluBackward(stream(),
                new SwiGlu.Backward(experts.gate(), experts.up(), experts.h_RF(), Optional.of(inputs.weights_R()),
                        offsets, experts.gate(), experts.up(), Optional.of(dy.scalars_R())));
        kernels.weightGradient(stream(),
                new GroupedProduct.WeightGradient(experts.gateUp_R2F(), inputs.rows_RD(), offsets,
                        experts.dgateUp_e2FD(), accumulate));
        kernels.inputGradient(stream(),
                new GroupedProduct.InputGradient(experts.gateUp_R2F(), experts.gateUp_e2FD(), offsets,
                        dy.outputs_RD(), part.before_1()));
        comm.combine(exchanged.bringing(dy, dx_TD).withScalars(exchanged.dweights_TK())).await();
        accumulate = true;
    }

    private Stream stream() {
        return rank.stream();
    }
}
