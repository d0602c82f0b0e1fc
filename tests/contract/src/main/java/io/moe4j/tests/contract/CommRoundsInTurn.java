package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Exchanges in rounds, one after the other, with other routing each time, so that each needs another number of rounds; the host reads nothing in between.
 * They run eagerly, while some ranks fall behind; and they are captured once and replayed.
 */
final class CommRoundsInTurn {
    private static final int DELAY_ELEMENTS = 1 << 18;

    private final CommCase shape;
    private final DType rowType;
    private final int times;

    /** @param shape its capacity is too small */
    CommRoundsInTurn(CommCase shape, DType rowType, int times) {
        this.shape = shape;
        this.rowType = rowType;
        this.times = times;
    }

    /** The same exchange with another kind of routing: from one round to the largest number. */
    private CommCase at(int time) {
        List<CommCase.Routing> kinds = List.of(CommCase.Routing.values());
        return new CommCase(shape.name(), shape.ranks(), shape.tokens(), shape.dim(), shape.experts(), shape.topK(),
                kinds.get(time % kinds.size()), ReceiveCapacity.worstCase(), OverflowAction.FAIL, shape.seed() + time);
    }

    /** Inputs and results of an exchange. */
    private final class Buffers {
        private final Tensor ids;
        private final Tensor x;
        private final Tensor weights;
        private final Tensor addend;
        private final Tensor out;
        private final Tensor scalars;
        private final Tensor again;
        private final Tensor waiting;

        Buffers(CommRank rank) {
            ids = rank.values().tensor(DType.I32, shape.tokens(), shape.topK());
            x = rank.values().tensor(rowType, shape.tokens(), shape.dim());
            weights = rank.values().tensor(DType.F32, shape.tokens(), shape.topK());
            addend = rank.values().of(rowType, added(rank.index()), rank.backend().capacityRows(), shape.dim());
            out = rank.values().tensor(rowType, shape.tokens(), shape.dim());
            scalars = rank.values().tensor(DType.F32, shape.tokens(), shape.topK());
            again = rank.values().tensor(rowType, shape.tokens(), shape.dim());
            waiting = rank.values().tensor(rowType, (long) shape.tokens() * shape.topK(), shape.dim());
        }

        void write(CommRank rank, CommCase now) {
            HostValues.write(rank.stream(), ids, Arrays.stream(now.ids()[rank.index()]).asDoubleStream().toArray());
            HostValues.write(rank.stream(), x, xOf(now, rank.index()));
            HostValues.write(rank.stream(), weights, weightsOf(now, rank.index()));
        }
    }

    private double[] added(int rank) {
        return shape.values(rowType, Math.toIntExact(shape.config(rowType).capacityRows(shape.ranks())) * shape.dim(),
                90 + rank);
    }

    private double[] xOf(CommCase now, int rank) {
        return now.values(rowType, shape.tokens() * shape.dim(), 10 + rank);
    }

    private double[] weightsOf(CommCase now, int rank) {
        return now.values(DType.F32, shape.tokens() * shape.topK(), 20 + rank);
    }

    /** Back to back, while ranks fall behind. */
    void eager(CommRank rank) throws InterruptedException {
        Random delays = new Random(shape.seed() + rank.index());
        Tensor busy = rank.values().tensor(DType.F32, DELAY_ELEMENTS);
        Buffers buffers = new Buffers(rank);
        List<Tensor> results = new ArrayList<>();
        for (int time = 0; time < times; time++) {
            buffers.write(rank, at(time));
            if (delays.nextInt(3) == 0) {
                Thread.sleep(delays.nextInt(3));
            }
            step(rank, buffers, () -> {
                if (delays.nextInt(4) == 0) {
                    rank.stream().fill(busy, 1);
                }
            });
            keep(rank, buffers, results);
        }
        check(rank, results);
    }

    /** Captured once, and replayed. */
    void captured(CommRank rank, GraphCaptureProvider provider) {
        Buffers buffers = new Buffers(rank);
        buffers.write(rank, at(0));
        step(rank, buffers, () -> {});
        long syncs = rank.stream().hostSyncs();
        List<Tensor> results = new ArrayList<>();
        try (GraphCapture capture = provider.open(rank.context());
                CapturedGraph graph = capture.capture(rank.stream(), () -> step(rank, buffers, () -> {}))) {
            for (int time = 0; time < times; time++) {
                buffers.write(rank, at(time));
                graph.replay(rank.stream());
                keep(rank, buffers, results);
            }
            assertEquals(syncs, rank.stream().hostSyncs(), "the host waited while it captured and replayed");
            check(rank, results);
        }
    }

    private void keep(CommRank rank, Buffers buffers, List<Tensor> results) {
        for (Tensor result : List.of(buffers.out, buffers.scalars, buffers.again)) {
            Tensor kept = rank.values().tensor(result.dtype(), Arrays.stream(result.shape().toArray(Long[]::new))
                    .mapToLong(Long::longValue).toArray());
            rank.stream().copy(result, kept);
            results.add(kept);
        }
    }

    /** The calls of a layer: forward; then backward, whose rounds have a dispatch into each buffer. */
    private void step(CommRank rank, Buffers buffers, Runnable delay) {
        try (Scope step = rank.memory().openStep()) {
            rank.backend().resetStatistics();
            DispatchPlan plan = rank.backend().plan(buffers.ids);
            each(rank, plan, part -> {
                ReceivedRows rows = rank.backend().dispatch(DispatchRequest
                        .of(part, buffers.x, ReceiveBuffer.ACTIVATIONS).withWeights(buffers.weights)).await();
                delay.run();
                // The host does not know how many rows are valid, so it adds to all of them.
                rank.context().device().ops().elementwise().add(rank.stream(), rows.rows_RD(), buffers.addend,
                        rows.outputs_RD());
                rank.stream().copy(rows.weights_R(), rows.scalars_R());
                rank.backend().combine(CombineRequest.of(rows, buffers.out).withScalars(buffers.scalars)
                        .withWaiting(buffers.waiting)).await();
            });
            delay.run();
            each(rank, plan, part -> {
                ReceivedRows inputs = rank.backend()
                        .dispatch(DispatchRequest.of(part, buffers.x, ReceiveBuffer.ACTIVATIONS)).await();
                delay.run();
                ReceivedRows gradients = rank.backend()
                        .dispatch(DispatchRequest.of(part, buffers.out, ReceiveBuffer.GRADIENTS)).await();
                rank.context().device().ops().elementwise().add(rank.stream(), gradients.rows_RD(), inputs.rows_RD(),
                        gradients.outputs_RD());
                rank.backend().combine(CombineRequest.of(gradients, buffers.again).withWaiting(buffers.waiting))
                        .await();
            });
        }
    }

    private static void each(CommRank rank, DispatchPlan plan, Consumer<DispatchPlan> round) {
        Consumer<DispatchPlan> scoped = part -> {
            try (Scope scope = rank.memory().open()) {
                round.accept(part);
            }
        };
        scoped.accept(plan);
        rank.backend().furtherRounds(plan, scoped);
    }

    private void check(CommRank rank, List<Tensor> results) {
        int me = rank.index();
        int columns = shape.dim();
        for (int time = 0; time < times; time++) {
            CommCase now = at(time);
            CommReference reference = new CommReference(now);
            double[][] sent = new double[shape.ranks()][];
            double[][] weights = new double[shape.ranks()][];
            Arrays.setAll(sent, r -> xOf(now, r));
            Arrays.setAll(weights, r -> weightsOf(now, r));
            double[][] computed = new double[shape.ranks()][];
            double[][] scalars = new double[shape.ranks()][];
            for (int owner = 0; owner < shape.ranks(); owner++) {
                double[] rows = reference.dispatched(owner, sent, columns, shape.topK());
                double[] addend = added(owner);
                computed[owner] = new double[rows.length];
                Arrays.setAll(computed[owner],
                        i -> Rounding.to(rowType, (float) rows[i] + (float) addend[i % addend.length]));
                scalars[owner] = reference.dispatched(owner, weights, 1, 1);
            }
            String at = " of exchange " + time + ", " + now.routing();
            double[][] outs = new double[shape.ranks()][];
            Arrays.setAll(outs, r -> reference.combined(r, computed, rowType));
            rank.expect("out_TD" + at, outs[me], results.get(3 * time));
            rank.expect("scalars_TK" + at, reference.returned(me, scalars, 1), results.get(3 * time + 1));
            double[][] sums = new double[shape.ranks()][];
            for (int owner = 0; owner < shape.ranks(); owner++) {
                double[] inputs = reference.dispatched(owner, sent, columns, shape.topK());
                double[] gradients = reference.dispatched(owner, outs, columns, shape.topK());
                sums[owner] = new double[inputs.length];
                Arrays.setAll(sums[owner], i -> Rounding.to(rowType, (float) gradients[i] + (float) inputs[i]));
            }
            rank.expect("out_TD of backward" + at, reference.combined(me, sums, rowType), results.get(3 * time + 2));
        }
    }
}
