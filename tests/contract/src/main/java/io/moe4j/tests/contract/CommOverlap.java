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
import java.util.function.Supplier;

/**
 * A second exchange is launched before the first has been awaited. Both give the results that they would give one after the other, whichever is awaited
 * first. Ranks fall
 * behind at random, so that an exchange that is not awaited properly is found to lack its rows.
 */
final class CommOverlap {
    private static final int ROUNDS = 8;

    private final CommCase shape;
    private final CommReference reference;
    private final Order order;
    private final boolean latestFirst;
    private final double[][][] sent = new double[2][][];
    private final double[][][] received = new double[2][][];

    /** The exchange that is launched first, and the one that is launched before the first has been awaited. */
    enum Order {
        DISPATCH_THEN_DISPATCH, DISPATCH_THEN_COMBINE, COMBINE_THEN_DISPATCH, COMBINE_THEN_COMBINE
    }

    CommOverlap(CommCase shape, Order order, boolean latestFirst) {
        this.shape = shape;
        this.order = order;
        this.latestFirst = latestFirst;
        reference = new CommReference(shape);
        for (int set = 0; set < 2; set++) {
            sent[set] = new double[shape.ranks()][];
            received[set] = new double[shape.ranks()][];
            for (int rank = 0; rank < shape.ranks(); rank++) {
                sent[set][rank] = shape.values(DType.F32, shape.tokens() * shape.dim(), 10 + 100 * set + rank);
            }
            for (int rank = 0; rank < shape.ranks(); rank++) {
                received[set][rank] = reference.dispatched(rank, sent[set], shape.dim(), shape.topK());
            }
        }
    }

    void on(CommRank rank) throws InterruptedException {
        Random delays = new Random(shape.seed() + rank.index());
        Tensor ids = rank.values().of(reference.ids(rank.index()), shape.tokens(), shape.topK());
        Tensor[] x = new Tensor[2];
        Tensor[] out = new Tensor[2];
        for (int set = 0; set < 2; set++) {
            x[set] = rank.values().of(DType.F32, sent[set][rank.index()], shape.tokens(), shape.dim());
            out[set] = rank.values().tensor(DType.F32, shape.tokens(), shape.dim());
        }
        for (int round = 0; round < ROUNDS; round++) {
            if (delays.nextInt(3) == 0) {
                Thread.sleep(delays.nextInt(3));
            }
            for (Tensor each : out) {
                rank.stream().fill(each, Double.NaN);
            }
            try (Scope step = rank.memory().openStep()) {
                exchange(rank, rank.backend().plan(ids), x, out);
            }
        }
    }

    private void exchange(CommRank rank, DispatchPlan plan, Tensor[] x, Tensor[] out) {
        switch (order) {
            case DISPATCH_THEN_DISPATCH -> {
                PendingRows first = dispatch(rank, plan, x[0], ReceiveBuffer.ACTIVATIONS);
                PendingRows second = dispatch(rank, plan, x[1], ReceiveBuffer.GRADIENTS);
                both(() -> rows(rank, 0, awaited(first::await)), () -> rows(rank, 1, awaited(second::await)));
            }
            case DISPATCH_THEN_COMBINE -> {
                ReceivedRows before = dispatch(rank, plan, x[0], ReceiveBuffer.ACTIVATIONS).await();
                PendingRows first = dispatch(rank, plan, x[1], ReceiveBuffer.GRADIENTS);
                PendingTokens second = rank.backend().combine(CombineRequest.of(before, out[0]));
                both(() -> rows(rank, 1, awaited(first::await)), () -> tokens(rank, 0, awaited(second::await)));
            }
            case COMBINE_THEN_DISPATCH -> {
                ReceivedRows before = dispatch(rank, plan, x[0], ReceiveBuffer.ACTIVATIONS).await();
                PendingTokens first = rank.backend().combine(CombineRequest.of(before, out[0]));
                // Into the buffer whose rows the combine brings back.
                PendingRows second = dispatch(rank, plan, x[1], ReceiveBuffer.ACTIVATIONS);
                both(() -> tokens(rank, 0, awaited(first::await)), () -> rows(rank, 1, awaited(second::await)));
            }
            case COMBINE_THEN_COMBINE -> {
                ReceivedRows one = dispatch(rank, plan, x[0], ReceiveBuffer.ACTIVATIONS).await();
                ReceivedRows other = dispatch(rank, plan, x[1], ReceiveBuffer.GRADIENTS).await();
                PendingTokens first = rank.backend().combine(CombineRequest.of(one, out[0]));
                PendingTokens second = rank.backend().combine(CombineRequest.of(other, out[1]));
                both(() -> tokens(rank, 0, awaited(first::await)), () -> tokens(rank, 1, awaited(second::await)));
            }
        }
    }

    private static PendingRows dispatch(CommRank rank, DispatchPlan plan, Tensor x, ReceiveBuffer into) {
        return rank.backend().dispatch(DispatchRequest.of(plan, x, into));
    }

    private void both(Runnable first, Runnable second) {
        (latestFirst ? second : first).run();
        (latestFirst ? first : second).run();
        // A result that has been awaited may be awaited again.
        first.run();
        second.run();
    }

    private <T> T awaited(Supplier<T> pending) {
        try {
            return pending.get();
        } catch (IllegalStateException | IllegalArgumentException e) {
            throw new AssertionError(
                    order + ": what was launched cannot be awaited once another exchange has been launched,"
                            + " which the contract allows: " + e.getMessage(),
                    e);
        }
    }

    private void rows(CommRank rank, int set, ReceivedRows rows) {
        rank.expect("rows_RD of exchange " + set + ", " + order, received[set][rank.index()],
                rows.rows_RD().slice(0, 0, reference.received(rank.index())));
    }

    private void tokens(CommRank rank, int set, Tensor out) {
        rank.expect("out_TD of exchange " + set + ", " + order,
                reference.combined(rank.index(), received[set], DType.F32), out);
    }
}
