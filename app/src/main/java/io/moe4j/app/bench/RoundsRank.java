package io.moe4j.app.bench;

import io.moe4j.api.comm.CombineRequest;
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
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;

/** One rank's routed experts, run in as many rounds as the exchange needs: what a layer enqueues in forward, and in backward with full recompute. */
final class RoundsRank {
    private final RankContext rank;
    private final CommBackend comm;
    private final ExpertKernels kernels;
    private final long hidden;
    private final Tensor ids_TK;
    private final Tensor x_TD;
    private final Tensor weights_TK;
    private final Tensor out_TD;
    private final Tensor dx_TD;
    private final Tensor dweights_TK;
    private final Tensor gateUp_R2F;
    private final Tensor h_RF;
    private final Optional<Tensor> waiting_ND;
    private final Tensor gateUp_e2FD;
    private final Tensor down_eDF;
    private final Tensor dgateUp_e2FD;
    private final Tensor ddown_eDF;
    private boolean accumulate;

    RoundsRank(RankContext rank, CommBackend comm, ExpertKernels kernels, BenchTensors tensors, BenchSetup setup,
            int[] ids) {
        this.rank = rank;
        this.comm = comm;
        this.kernels = kernels;
        MoeSpec moe = setup.moe();
        DType dtype = setup.dtype();
        DType gradients = setup.config().training().gradientDtype();
        long tokens = setup.config().training().localTokens();
        long local = moe.experts() / rank.world().size();
        hidden = moe.expertHidden();
        ids_TK = tensors.of(ids, tokens, moe.topK());
        x_TD = tensors.random(dtype, tokens, moe.dim());
        weights_TK = tensors.random(DType.F32, tokens, moe.topK());
        out_TD = tensors.empty(dtype, tokens, moe.dim());
        dx_TD = tensors.empty(dtype, tokens, moe.dim());
        dweights_TK = tensors.empty(DType.F32, tokens, moe.topK());
        gateUp_R2F = tensors.empty(dtype, comm.capacityRows(), 2 * hidden);
        h_RF = tensors.empty(dtype, comm.capacityRows(), hidden);
        waiting_ND = comm.maxRounds() == 1 ? Optional.empty()
                : Optional.of(tensors.empty(dtype, tokens * moe.topK(), moe.dim()));
        gateUp_e2FD = tensors.random(dtype, local, 2 * hidden, moe.dim());
        down_eDF = tensors.random(dtype, local, moe.dim(), hidden);
        dgateUp_e2FD = tensors.empty(gradients, local, 2 * hidden, moe.dim());
        ddown_eDF = tensors.empty(gradients, local, moe.dim(), hidden);
    }

    /** Enqueues plan, forward and backward. */
    void forwardAndBackward() {
        try (Scope step = rank.memory().openStep()) {
            comm.resetStatistics();
            DispatchPlan plan = comm.plan(ids_TK);
            each(plan, part -> {
                ReceivedRows rows = hidden(part);
                kernels.forward(stream(), new GroupedProduct.Forward(h_RF, down_eDF, part.offsets_e(),
                        rows.outputs_RD(), part.before_1()));
                comm.combine(waiting(CombineRequest.of(rows, out_TD))).await();
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
        ReceivedRows rows = comm.dispatch(DispatchRequest.of(part, x_TD, ReceiveBuffer.ACTIVATIONS)
                .withWeights(weights_TK)).await();
        kernels.forward(stream(), new GroupedProduct.Forward(rows.rows_RD(), gateUp_e2FD, part.offsets_e(),
                gateUp_R2F, part.before_1()));
        kernels.swiglu(stream(), new SwiGlu.Forward(gate(), up(), Optional.of(rows.weights_R()), part.offsets_e(),
                h_RF));
        return rows;
    }

    private void backward(DispatchPlan part) {
        Tensor offsets = part.offsets_e();
        ReceivedRows inputs = hidden(part);
        ReceivedRows dy = comm.dispatch(DispatchRequest.of(part, out_TD, ReceiveBuffer.GRADIENTS)).await();
        kernels.weightGradient(stream(), new GroupedProduct.WeightGradient(dy.rows_RD(), h_RF, offsets, ddown_eDF,
                accumulate));
        kernels.inputGradient(stream(), new GroupedProduct.InputGradient(dy.rows_RD(), down_eDF, offsets, h_RF,
                part.before_1()));
        kernels.swigluBackward(stream(), new SwiGlu.Backward(gate(), up(), h_RF, Optional.of(inputs.weights_R()),
                offsets, gate(), up(), Optional.of(dy.scalars_R())));
        kernels.weightGradient(stream(), new GroupedProduct.WeightGradient(gateUp_R2F, inputs.rows_RD(), offsets,
                dgateUp_e2FD, accumulate));
        kernels.inputGradient(stream(), new GroupedProduct.InputGradient(gateUp_R2F, gateUp_e2FD, offsets,
                dy.outputs_RD(), part.before_1()));
        comm.combine(waiting(CombineRequest.of(dy, dx_TD).withScalars(dweights_TK))).await();
        accumulate = true;
    }

    private CombineRequest waiting(CombineRequest request) {
        return waiting_ND.map(request::withWaiting).orElse(request);
    }

    private Tensor gate() {
        return gateUp_R2F.slice(1, 0, hidden);
    }

    private Tensor up() {
        return gateUp_R2F.slice(1, hidden, 2 * hidden);
    }

    private Stream stream() {
        return rank.stream();
    }
}
