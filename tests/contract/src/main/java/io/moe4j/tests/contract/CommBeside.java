package io.moe4j.tests.contract;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.PendingRows;
import io.moe4j.api.comm.PendingTokens;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Random;

/**
 * Exchanges that may run beside the main stream. The main stream is busy before it writes what is sent: an exchange that does not wait for it sends NaN. One
 * rank after the other is late, so that the others' exchanges are still under way when they are awaited: a main stream that does not wait reads NaN.
 */
final class CommBeside {
    private static final int ROUNDS = 6;
    private static final int BUSY_FILLS = 40;
    private static final long BUSY_ELEMENTS = 1 << 18;
    private static final int LATE_MILLIS = 3;

    private final CommCase shape;
    private final CommReference reference;
    private final double[][] sent;
    private final double[][] received;

    CommBeside(CommCase shape) {
        this.shape = shape;
        reference = new CommReference(shape);
        sent = new double[shape.ranks()][];
        received = new double[shape.ranks()][];
        for (int rank = 0; rank < shape.ranks(); rank++) {
            sent[rank] = shape.values(DType.F32, shape.tokens() * shape.dim(), 10 + rank);
        }
        for (int rank = 0; rank < shape.ranks(); rank++) {
            received[rank] = reference.dispatched(rank, sent, shape.dim(), shape.topK());
        }
    }

    void on(CommRank rank) throws InterruptedException {
        Random late = new Random(shape.seed());
        Tensor ids = rank.values().of(reference.ids(rank.index()), shape.tokens(), shape.topK());
        Tensor busy = rank.values().tensor(DType.F32, BUSY_ELEMENTS);
        Tensor values = rank.values().of(DType.F32, sent[rank.index()], shape.tokens(), shape.dim());
        Tensor x = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
        Tensor out = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
        for (int round = 0; round < ROUNDS; round++) {
            boolean isLate = late.nextInt(shape.ranks()) == rank.index();
            rank.stream().fill(x, Double.NaN);
            rank.stream().fill(out, Double.NaN);
            rank.stream().synchronize();
            try (Scope step = rank.memory().openStep()) {
                DispatchPlan plan = rank.backend().plan(ids);
                for (int i = 0; i < BUSY_FILLS; i++) {
                    rank.stream().fill(busy, i);
                }
                rank.stream().copy(values, x);
                waitIf(isLate);
                PendingRows dispatch = rank.backend()
                        .dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS).withBesideMain(true));
                ReceivedRows rows = dispatch.await();
                rank.expect("rows_RD of a dispatch beside the main stream", received[rank.index()],
                        rows.rows_RD().slice(0, 0, reference.received(rank.index())));
                waitIf(isLate);
                PendingTokens combine = rank.backend().combine(CombineRequest.of(rows, out).withBesideMain(true));
                rank.stream().fill(busy, 0);
                combine.await();
                rank.expect("out_TD of a combine beside the main stream",
                        reference.combined(rank.index(), received, DType.F32), out);
            }
        }
    }

    private static void waitIf(boolean isLate) throws InterruptedException {
        if (isLate) {
            Thread.sleep(LATE_MILLIS);
        }
    }
}
