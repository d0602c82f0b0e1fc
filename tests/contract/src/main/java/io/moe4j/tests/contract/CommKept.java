package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Dispatches that keep their rows: these have the definition's values until they are released, whatever is dispatched, computed and combined in between. Two
 * dispatches by two plans keep their rows; other dispatches use both buffers; then the kept rows are sent back, and must equal those that were sent.
 */
final class CommKept {
    private static final int KEPT = 2;
    private static final int STEPS = 4;

    private final CommCase shape;
    private final DType rowType;
    private final boolean hasBuffers;

    CommKept(CommKit kit, CommCase shape, DType rowType) {
        hasBuffers = kit.provider().requirements().needsFullRecompute();
        this.shape = shape;
        this.rowType = rowType;
    }

    CommConfig config() {
        return shape.config(rowType).withKeptDispatches(KEPT);
    }

    /** One kept dispatch: the rows that are sent, and the place to which they come back. */
    private record Sent(int salt, Tensor ids, Tensor x, Tensor weights, Tensor direct, Tensor out, Tensor scalars) {}

    private Sent sent(CommRank rank, int salt) {
        int k = shape.topK();
        return new Sent(salt, rank.values().tensor(DType.I32, shape.tokens(), k),
                rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                rank.values().tensor(DType.F32, shape.tokens(), k),
                rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                rank.values().tensor(DType.F32, shape.tokens(), k));
    }

    /** Several steps, each with other ids and values. */
    void eager(CommRank rank) {
        Sent first = sent(rank, 1);
        Sent second = sent(rank, 2);
        write(rank, first, 0);
        misuse(rank, first);
        for (int step = 0; step < STEPS; step++) {
            write(rank, first, step);
            write(rank, second, step);
            step(rank, first, second);
            check(rank, first, step);
            check(rank, second, step);
        }
    }

    /** One step, captured and replayed with other ids and values. */
    void captured(CommRank rank, GraphCaptureProvider provider) {
        Sent first = sent(rank, 1);
        Sent second = sent(rank, 2);
        write(rank, first, 0);
        write(rank, second, 0);
        step(rank, first, second);
        try (GraphCapture capture = provider.open(rank.context());
                CapturedGraph graph = capture.capture(rank.stream(), () -> step(rank, first, second))) {
            for (int step = 1; step < STEPS; step++) {
                write(rank, first, step);
                write(rank, second, step);
                graph.replay(rank.stream());
                check(rank, first, step);
                check(rank, second, step);
            }
        }
    }

    private void step(CommRank rank, Sent first, Sent second) {
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan plan = rank.backend().plan(first.ids);
            ReceivedRows rows = keep(rank, plan, first, ReceiveBuffer.ACTIVATIONS);
            DispatchPlan otherPlan = rank.backend().plan(second.ids);
            ReceivedRows otherRows = keep(rank, otherPlan, second, ReceiveBuffer.GRADIENTS);
            for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
                ReceivedRows used = rank.backend().dispatch(DispatchRequest.of(otherPlan, first.x, buffer)
                        .withWeights(second.weights)).await();
                rank.stream().fill(used.outputs_RD(), 0);
                rank.backend().combine(CombineRequest.of(used, first.out)).await();
            }
            sendBack(rank, plan, rows, first, ReceiveBuffer.GRADIENTS);
            sendBack(rank, otherPlan, otherRows, second, ReceiveBuffer.ACTIVATIONS);
            otherRows.release();
            rows.release();
        }
    }

    /** Keeps rows, and combines twice their values: the results of experts go to the buffer. */
    private ReceivedRows keep(CommRank rank, DispatchPlan plan, Sent sent, ReceiveBuffer buffer) {
        ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, sent.x, buffer).withWeights(sent.weights)
                .withKeptRows(true)).await();
        rank.context().device().ops().elementwise().add(rank.stream(), rows.rows_RD(), rows.rows_RD(),
                rows.outputs_RD());
        rank.backend().combine(CombineRequest.of(rows, sent.direct)).await();
        return rows;
    }

    private void sendBack(CommRank rank, DispatchPlan plan, ReceivedRows kept, Sent sent, ReceiveBuffer buffer) {
        ReceivedRows back = rank.backend().dispatch(DispatchRequest.of(plan, sent.out, buffer)).await();
        rank.stream().copy(kept.rows_RD(), back.outputs_RD());
        rank.stream().copy(kept.weights_R(), back.scalars_R());
        rank.backend().combine(CombineRequest.of(back, sent.out).withScalars(sent.scalars)).await();
    }

    private void write(CommRank rank, Sent sent, int step) {
        CommCase now = of(sent, step);
        HostValues.write(rank.stream(), sent.ids, Arrays.stream(now.ids()[rank.index()]).asDoubleStream().toArray());
        HostValues.write(rank.stream(), sent.x, x(now, rank.index()));
        HostValues.write(rank.stream(), sent.weights, weights(now, rank.index()));
        rank.stream().fill(sent.out, 0);
    }

    private void check(CommRank rank, Sent sent, int step) {
        CommCase now = of(sent, step);
        CommReference reference = new CommReference(now);
        double[][] xs = new double[shape.ranks()][];
        double[][] weights = new double[shape.ranks()][];
        Arrays.setAll(xs, source -> x(now, source));
        Arrays.setAll(weights, source -> weights(now, source));
        double[][] received = new double[shape.ranks()][];
        double[][] arrived = new double[shape.ranks()][];
        Arrays.setAll(received, owner -> reference.dispatched(owner, xs, shape.dim(), shape.topK()));
        Arrays.setAll(arrived, owner -> reference.dispatched(owner, weights, 1, 1));
        String at = " of kept dispatch " + sent.salt + " in step " + step;
        double[] sums = reference.combined(rank.index(), received, rowType);
        rank.expect("sums" + at, Arrays.stream(sums).map(sum -> 2 * sum).toArray(), sent.direct);
        rank.expect("rows, sent back" + at, sums, sent.out);
        rank.expect("scalars, sent back" + at, reference.returned(rank.index(), arrived, 1), sent.scalars);
    }

    private CommCase of(Sent sent, int step) {
        return shape.withSeed(shape.seed() + 100L * sent.salt + step);
    }

    private double[] x(CommCase now, int rank) {
        return now.values(rowType, shape.tokens() * shape.dim(), 10 + rank);
    }

    private double[] weights(CommCase now, int rank) {
        return now.values(DType.F32, shape.tokens() * shape.topK(), 20 + rank);
    }

    /** There is memory for a fixed number of kept dispatches; after a release, any number of times, it can be used again. */
    private void misuse(CommRank rank, Sent sent) {
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan plan = rank.backend().plan(sent.ids);
            DispatchRequest request = DispatchRequest.of(plan, sent.x, ReceiveBuffer.ACTIVATIONS).withKeptRows(true);
            ReceivedRows first = rank.backend().dispatch(request).await();
            ReceivedRows second = rank.backend().dispatch(request).await();
            assertThrows(IllegalStateException.class, () -> rank.backend().dispatch(request),
                    "a third kept dispatch where there is memory for two");
            if (hasBuffers) {
                // The second dispatch has taken the buffer, to which the outputs of the first one's experts would go.
                assertThrows(IllegalStateException.class, first::outputs_RD,
                        "outputs of kept rows in a buffer that was taken");
                assertThrows(IllegalStateException.class, first::scalars_R,
                        "scalars of kept rows in a buffer that was taken");
                assertThrows(IllegalStateException.class,
                        () -> rank.backend().combine(CombineRequest.of(first, sent.out)),
                        "a combine of kept rows whose buffer was taken");
            }
            for (int time = 0; time < 2; time++) {
                second.release();
                first.release();
            }
            List<ReceivedRows> again = new ArrayList<>();
            for (int time = 0; time < KEPT; time++) {
                again.add(assertDoesNotThrow(() -> rank.backend().dispatch(request).await(),
                        "a kept dispatch after the rows of earlier ones were released"));
            }
            for (ReceivedRows released : List.of(first, second)) {
                assertThrows(IllegalStateException.class, released::rows_RD, "kept rows are read after their release");
                assertThrows(IllegalStateException.class, released::weights_R,
                        "weights of kept rows are read after their release");
            }
            assertThrows(IllegalStateException.class, () -> rank.backend().dispatch(request),
                    "a third kept dispatch after two releases of each of two");
            again.forEach(ReceivedRows::release);
        }
    }

    /** Without memory for kept dispatches, a kept dispatch is refused. */
    static void needsMemory(CommRank rank, CommCase shape) {
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan plan = rank.backend()
                    .plan(rank.values().of(shape.ids()[rank.index()], shape.tokens(), shape.topK()));
            Tensor x = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
            assertThrows(IllegalArgumentException.class,
                    () -> rank.backend().dispatch(
                            DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS).withKeptRows(true)),
                    "a kept dispatch of a backend that was opened without memory for any");
        }
    }

    /** Its memory is what the backend says, within 2%. */
    static void takesWhatItSays(CommKit kit, CommCase shape, DType rowType) {
        long[] kept = {0};
        long without = allocated(kit, shape, shape.config(rowType), kept);
        long with = allocated(kit, shape, shape.config(rowType).withKeptDispatches(3), kept);
        assertEquals(3.0 * shape.ranks() * kept[0], with - without, 0.02 * (with - without),
                "bytes that are allocated for three kept dispatches on each rank, beside keptBytes()");
    }

    private static long allocated(CommKit kit, CommCase shape, CommConfig config, long[] kept) {
        long[] all = new long[shape.ranks()];
        kit.onAllRanks(shape, config, rank -> {
            rank.context().rendezvous().exchange(rank.context().world(), "contract: all are open", new byte[0]);
            all[rank.index()] = kit.device().allocatedBytes().values().stream().mapToLong(Long::longValue).sum();
            if (rank.index() == 0) {
                kept[0] = rank.backend().keptBytes();
            }
            rank.context().rendezvous().exchange(rank.context().world(), "contract: all have looked", new byte[0]);
        });
        return all[0];
    }
}
