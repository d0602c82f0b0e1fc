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
import java.util.Arrays;
import java.util.Random;

/**
 * Exchanges of a rank with a communication stream. The main stream is busy before it writes the inputs (ids, rows, experts' outputs): an exchange that does
 * not wait for it reads old values. One rank after the other is late, so that the others' exchanges are still running when they are awaited: a main stream
 * that does not wait reads NaN. If exchanges must not run beside the main stream, inputs are overwritten, and received rows are released, directly after the
 * call.
 */
final class CommBeside {
    private static final int ROUNDS = 6;
    private static final int BUSY_FILLS = 40;
    private static final long BUSY_ELEMENTS = 1 << 18;
    private static final int LATE_MILLIS = 3;

    private final CommCase shape;
    private final boolean beside;
    private final CommReference reference;
    private final double[][] sent;
    private final double[][] received;

    /** @param beside whether the requests may run beside the main stream */
    CommBeside(CommCase shape, boolean beside) {
        this.shape = shape;
        this.beside = beside;
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
        int me = rank.index();
        Tensor given = rank.values().of(reference.ids(me), shape.tokens(), shape.topK());
        Tensor others = rank.values().of(shape.withSeed(shape.seed() + 1).ids()[me], shape.tokens(), shape.topK());
        Tensor values = rank.values().of(DType.F32, sent[me], shape.tokens(), shape.dim());
        Tensor busy = rank.values().tensor(DType.F32, BUSY_ELEMENTS);
        Tensor ids = rank.values().tensor(DType.I32, shape.tokens(), shape.topK());
        Tensor x = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
        Tensor out = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
        for (int round = 0; round < ROUNDS; round++) {
            boolean isLate = late.nextInt(shape.ranks()) == me;
            rank.stream().copy(others, ids);
            rank.stream().fill(x, Double.NaN);
            rank.stream().fill(out, Double.NaN);
            rank.stream().synchronize();
            try (Scope step = rank.memory().openStep()) {
                keepBusy(rank, busy);
                rank.stream().copy(given, ids);
                DispatchPlan plan = rank.backend().plan(ids);
                rank.stream().copy(others, ids);
                keepBusy(rank, busy);
                rank.stream().copy(values, x);
                waitIf(isLate);
                PendingTokens combine;
                try (Scope received = rank.memory().open()) {
                    combine = thereAndBack(rank, plan, x, out, busy, isLate);
                    if (beside) {
                        rank.stream().fill(busy, 0);
                        combine.await();
                    }
                }
                combine.await();
                double[] sums = reference.combined(me, received, DType.F32);
                rank.expect("out_TD of a combine" + how(), Arrays.stream(sums).map(sum -> 2 * sum).toArray(), out);
            }
        }
    }

    /** The experts double their rows, which is exact in each sum. */
    private PendingTokens thereAndBack(CommRank rank, DispatchPlan plan, Tensor x, Tensor out, Tensor busy,
            boolean isLate) throws InterruptedException {
        int me = rank.index();
        PendingRows dispatch = rank.backend()
                .dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS).withBesideMain(beside));
        if (!beside) {
            rank.stream().fill(x, Double.NaN);
        }
        ReceivedRows rows = dispatch.await();
        rank.expect("rows_RD of a dispatch" + how(), received[me], rows.rows_RD().slice(0, 0, reference.received(me)));
        waitIf(isLate);
        keepBusy(rank, busy);
        Tensor valid = rows.outputs_RD().slice(0, 0, reference.received(me));
        rank.context().device().ops().elementwise().add(rank.stream(), valid, valid, valid);
        return rank.backend().combine(CombineRequest.of(rows, out).withBesideMain(beside));
    }

    private String how() {
        return beside ? " beside the main stream" : " in the order of the main stream";
    }

    private static void keepBusy(CommRank rank, Tensor busy) {
        for (int i = 0; i < BUSY_FILLS; i++) {
            rank.stream().fill(busy, i);
        }
    }

    private static void waitIf(boolean isLate) throws InterruptedException {
        if (isLate) {
            Thread.sleep(LATE_MILLIS);
        }
    }
}
