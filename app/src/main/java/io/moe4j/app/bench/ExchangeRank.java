package io.moe4j.app.bench;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A rank's calls of an exchange, in the order in which a layer makes them. */
final class ExchangeRank {
    private final RankContext rank;
    private final CommBackend comm;
    private final MoeFigures figures;
    private final ExchangeTensors exchanged;
    private @Nullable DispatchPlan plan;
    private @Nullable ReceivedRows received;
    private @Nullable Scope receiving;

    ExchangeRank(RankContext rank, CommBackend comm, BenchTensors tensors, BenchSetup setup) {
        MoeSpec moe = setup.moe();
        long tokens = setup.config().training().localTokens();
        this.rank = rank;
        this.comm = comm;
        figures = MoeFigures.of(moe, tokens, moe.experts() / setup.config().ranks(), setup.dtype(), DType.F32)
                .over(setup.config().runtime().devices()).sending(RowsSentOnce.of(setup, rank.rank()));
        exchanged = ExchangeTensors.of(tensors, setup, setup.ids(rank.rank()), comm);
    }

    /** Opens the step of the exchanges by one plan. */
    Scope openStep() {
        Scope step = rank.memory().openStep();
        return () -> {
            giveBackReceived();
            step.close();
        };
    }

    /** Makes a plan and discards it. */
    BenchPart.Work planning() {
        return figures.plan().by(() -> {
            try (Scope step = rank.memory().openStep()) {
                comm.plan(exchanged.ids_TK());
            }
        });
    }

    /** The parts of an exchange by one plan, which lasts until the {@linkplain #openStep() step} is closed. Each part uses the results of those before it. */
    List<BenchPart.Work> exchanges() {
        plan = comm.plan(exchanged.ids_TK());
        return List.of(figures.dispatch().by(this::dispatch), figures.combine().by(this::combine),
                figures.combineAdjoint().by(this::combineAdjoint), figures.dispatchAdjoint().by(this::dispatchAdjoint),
                figures.exchanges().by(this::layer));
    }

    /** The parts that {@code moe.dedup} changes: both dispatches, with {@code mode} appended to their names. */
    List<BenchPart.Work> dispatches(String mode) {
        plan = comm.plan(exchanged.ids_TK());
        return List.of(figures.dispatch().by(this::dispatch).named(MoeFigures.DISPATCH + mode),
                figures.combineAdjoint().by(this::combineAdjoint).named(MoeFigures.COMBINE_ADJOINT + mode));
    }

    private void dispatch() {
        receive(DispatchRequest.of(plan(), exchanged.x_TD(), ReceiveBuffer.ACTIVATIONS)
                .withWeights(exchanged.weights_TK()));
    }

    private void combine() {
        comm.combine(exchanged.bringing(received())).await();
    }

    private void combineAdjoint() {
        receive(DispatchRequest.of(plan(), exchanged.x_TD(), ReceiveBuffer.GRADIENTS));
    }

    private void dispatchAdjoint() {
        comm.combine(exchanged.bringing(received()).withScalars(exchanged.dweights_TK())).await();
    }

    private void layer() {
        dispatch();
        combine();
        dispatch();
        combineAdjoint();
        dispatchAdjoint();
    }

    /** Only the rows of the last dispatch are used: a backend that takes their memory from the stack has room for those of one, however often it is called. */
    private void receive(DispatchRequest request) {
        giveBackReceived();
        receiving = rank.memory().open();
        received = comm.dispatch(request).await();
    }

    private void giveBackReceived() {
        if (receiving != null) {
            receiving.close();
            receiving = null;
        }
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
