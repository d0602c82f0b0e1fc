package io.moe4j.tests.contract;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.CommContext;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Hosts plan each run: one step on a planning device determines the run's memory. So a backend must open there, and an exchange there must take at least as
 * much of the rank's stack as any later exchange on the real device.
 *
 * @param shape its routing does not matter: all are tried
 */
record CommPlanned(CommKit kit, CommCase shape, DType rowType) {

    void check() {
        try (RankTeam team = RankTeam.open(kit.device(), shape.ranks(), CommKit.stackBytes(shape))) {
            team.run(this::on);
        }
    }

    private boolean on(RankContext rank) {
        CommConfig config = shape.config(rowType);
        try (CommRank.Foundation foundation = CommRank.Foundation.open(kit, rank, rank.world());
                HostValues values = new HostValues(rank.device(), rank.stream())) {
            Tensors tensors = new Tensors(values, shape, rowType);
            final long before = rank.memory().peakBytes();
            plan(config, foundation, rank, tensors);
            long planned = rank.memory().peakBytes();
            try (CommBackend backend = kit.provider().open(config, foundation.context(rank, rank.world()))) {
                for (Routing routing : Routing.values()) {
                    CommCase routed = new CommCase(shape.name(), shape.ranks(), shape.tokens(), shape.dim(),
                            shape.experts(), shape.topK(), routing, shape.capacity(), shape.action(), shape.seed());
                    HostValues.write(rank.stream(), tensors.ids_TK, Stream.of(routed.ids()[rank.rank()])
                            .flatMapToDouble(ids -> java.util.Arrays.stream(ids).asDoubleStream()).toArray());
                    tensors.exchange(backend, rank);
                    rank.stream().synchronize();
                    long taken = rank.memory().peakBytes();
                    if (taken > planned) {
                        throw new AssertionError("rank " + rank.rank() + ": an exchange with " + routing
                                + " routing takes "
                                + (taken - before) + " bytes of the rank's stack, and " + (planned - before)
                                + " were planned; what is allocated must not depend on values that the host reads, which"
                                + " are 0 while a run is planned");
                    }
                }
            }
        }
        return true;
    }

    private void plan(CommConfig config, CommRank.Foundation foundation, RankContext rank, Tensors tensors) {
        RankContext planning = PlanningRank.of(rank);
        CommContext context = new CommContext(planning, rank.world(), PlanningRank.peers(foundation.peers()),
                PlanningRank.collectives(foundation.collectives()));
        try (CommBackend backend = kit.provider().open(config, context)) {
            tensors.exchange(backend, planning);
        } catch (RuntimeException e) {
            throw new AssertionError(
                    "the backend does not open and exchange on a device that only plans, on which every"
                            + " run is planned before it begins. Its kind() is \"planning\", and its targetKind() is that of the"
                            + " device which it stands for: ask targetKind() for what is supported. What it threw: "
                            + e,
                    e);
        }
    }

    /** What is exchanged. */
    private static final class Tensors {
        private final Tensor ids_TK;
        private final Tensor x_TD;
        private final Tensor weights_TK;
        private final Tensor out_TD;
        private final Tensor scalars_TK;
        private final Tensor waiting_ND;

        Tensors(HostValues values, CommCase shape, DType rowType) {
            int rows = shape.tokens() * shape.topK();
            ids_TK = values.of(DType.I32, new double[rows], shape.tokens(), shape.topK());
            x_TD = values.of(rowType, new double[shape.tokens() * shape.dim()], shape.tokens(), shape.dim());
            weights_TK = values.of(DType.F32, new double[rows], shape.tokens(), shape.topK());
            out_TD = values.tensor(rowType, shape.tokens(), shape.dim());
            scalars_TK = values.tensor(DType.F32, shape.tokens(), shape.topK());
            waiting_ND = values.tensor(rowType, rows, shape.dim());
        }

        void exchange(CommBackend backend, RankContext rank) {
            try (Scope step = rank.memory().openStep()) {
                backend.resetStatistics();
                DispatchPlan plan = backend.plan(ids_TK);
                for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
                    // As the layers do: what one round receives is given back before the next.
                    Consumer<DispatchPlan> round = part -> {
                        try (Scope scope = rank.memory().open()) {
                            ReceivedRows rows = backend.dispatch(DispatchRequest.of(part, x_TD, buffer)
                                    .withWeights(weights_TK)).await();
                            backend.combine(CombineRequest.of(rows, out_TD).withScalars(scalars_TK)
                                    .withWaiting(waiting_ND)).await();
                        }
                    };
                    round.accept(plan);
                    backend.furtherRounds(plan, round);
                }
            }
        }
    }
}
