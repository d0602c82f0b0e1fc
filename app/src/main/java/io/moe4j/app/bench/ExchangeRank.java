package io.moe4j.app.bench;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A rank's calls of an exchange, in the order in which a layer makes them. */
final class ExchangeRank {
    private final RankContext rank;
    private final CommBackend comm;
    private final MoeFigures figures;
    private final Tensor ids_TK;
    private final Tensor x_TD;
    private final Tensor weights_TK;
    private final Tensor out_TD;
    private final Tensor dweights_TK;
    /** The buffer in which rows of one round wait for those of later rounds; absent if there is only one round. */
    private final Optional<Tensor> waiting_ND;
    private @Nullable DispatchPlan plan;
    private @Nullable ReceivedRows received;

    ExchangeRank(RankContext rank, CommBackend comm, BenchTensors tensors, BenchSetup setup) {
        MoeSpec moe = setup.moe();
        long tokens = setup.config().training().localTokens();
        this.rank = rank;
        this.comm = comm;
        figures = MoeFigures.of(moe, tokens, moe.experts() / setup.config().ranks(), setup.dtype(), DType.F32)
                .over(setup.config().runtime().devices()).sending(RowsSentOnce.of(setup, rank.rank()));
        ids_TK = tensors.of(setup.ids(rank.rank()), tokens, moe.topK());
        x_TD = tensors.random(setup.dtype(), tokens, moe.dim());
        weights_TK = tensors.random(DType.F32, tokens, moe.topK());
        out_TD = tensors.empty(setup.dtype(), tokens, moe.dim());
        dweights_TK = tensors.empty(DType.F32, tokens, moe.topK());
        waiting_ND = comm.maxRounds() == 1 ? Optional.empty()
                : Optional.of(tensors.empty(setup.dtype(), tokens * moe.topK(), moe.dim()));
    }

    /** Makes a plan and discards it. */
    BenchPart.Work planning() {
        return figures.plan().by(() -> {
            try (Scope step = rank.memory().openStep()) {
                comm.plan(ids_TK);
            }
        });
    }

    /** The parts of an exchange by one plan, which lasts until the open step is closed. Each part uses the results of those before it. */
    List<BenchPart.Work> exchanges() {
        plan = comm.plan(ids_TK);
        return List.of(figures.dispatch().by(this::dispatch), figures.combine().by(this::combine),
                figures.combineAdjoint().by(this::combineAdjoint), figures.dispatchAdjoint().by(this::dispatchAdjoint),
                figures.exchanges().by(this::layer));
    }

    /** The parts that {@code moe.dedup} changes: both dispatches, with {@code mode} appended to their names. */
    List<BenchPart.Work> dispatches(String mode) {
        plan = comm.plan(ids_TK);
        return List.of(figures.dispatch().by(this::dispatch).named(MoeFigures.DISPATCH + mode),
                figures.combineAdjoint().by(this::combineAdjoint).named(MoeFigures.COMBINE_ADJOINT + mode));
    }

    private void dispatch() {
        receive(DispatchRequest.of(plan(), x_TD, ReceiveBuffer.ACTIVATIONS).withWeights(weights_TK));
    }

    private void combine() {
        comm.combine(bringing(received())).await();
    }

    private void combineAdjoint() {
        receive(DispatchRequest.of(plan(), x_TD, ReceiveBuffer.GRADIENTS));
    }

    private void dispatchAdjoint() {
        comm.combine(bringing(received()).withScalars(dweights_TK)).await();
    }

    private void layer() {
        dispatch();
        combine();
        dispatch();
        combineAdjoint();
        dispatchAdjoint();
    }

    private CombineRequest bringing(ReceivedRows rows) {
        CombineRequest request = CombineRequest.of(rows, out_TD);
        return waiting_ND.map(request::withWaiting).orElse(request);
    }

    private void receive(DispatchRequest request) {
        received = comm.dispatch(request).await();
    }

    private DispatchPlan plan() {
        if (plan == null) {
            throw new IllegalStateException("there is no plan; exchanges() makes one");
        }
        return plan;
    }

    private ReceivedRows received() {
        if (received == null) {
            throw new IllegalStateException("nothing was dispatched that could be combined");
        }
        return received;
    }
}
