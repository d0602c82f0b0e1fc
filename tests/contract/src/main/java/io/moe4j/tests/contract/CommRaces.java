package io.moe4j.tests.contract;

import io.moe4j.api.comm.CombineRequest;
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
import java.util.Random;

/**
 * Exchange after exchange, with nothing between them but the backend's own barriers, while some ranks fall behind: on the host, or because their stream is
 * busy. A barrier that is missing lets a fast rank overwrite what a slow one still reads, or read what it has not written. The host reads nothing
 * before the end.
 */
final class CommRaces {
    private static final int DELAY_ELEMENTS = 1 << 20;

    private final CommCase shape;
    private final DType rowType;
    private final int rounds;
    private final List<CommReference> references = new ArrayList<>();
    private final double[][][] sent;
    private final double[][] added;

    CommRaces(CommCase shape, DType rowType, int rounds) {
        this.shape = shape;
        this.rowType = rowType;
        this.rounds = rounds;
        sent = new double[rounds][shape.ranks()][];
        for (int round = 0; round < rounds; round++) {
            CommCase each = shape.withSeed(shape.seed() * 1009 + round);
            references.add(new CommReference(each));
            for (int rank = 0; rank < shape.ranks(); rank++) {
                sent[round][rank] = each.values(rowType, shape.tokens() * shape.dim(), 10 + rank);
            }
        }
        added = new double[shape.ranks()][];
        for (int rank = 0; rank < shape.ranks(); rank++) {
            int capacity = Math.toIntExact(references.getFirst().capacity());
            added[rank] = shape.values(rowType, capacity * shape.dim(), 90 + rank);
        }
    }

    /** The results of a round on a rank. */
    private record Left(Tensor out, Tensor scalars, Tensor plain, Tensor rows, Tensor again, Tensor tokens) {}

    void on(CommRank rank) throws InterruptedException {
        int me = rank.index();
        Random delays = new Random(shape.seed() + me);
        Tensor addend = rank.values().of(rowType, added[me], references.getFirst().capacity(), shape.dim());
        Tensor busy = rank.values().tensor(DType.F32, DELAY_ELEMENTS);
        Tensor fresh = rank.values().tensor(rowType, shape.tokens(), shape.dim());
        List<Tensor> ids = new ArrayList<>();
        List<Tensor> xs = new ArrayList<>();
        List<Left> left = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            ids.add(rank.values().of(references.get(round).ids(me), shape.tokens(), shape.topK()));
            xs.add(rank.values().of(rowType, sent[round][me], shape.tokens(), shape.dim()));
            left.add(new Left(rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                    rank.values().tensor(DType.F32, shape.tokens(), shape.topK()),
                    rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                    rank.values().tensor(rowType, references.get(round).received(me), shape.dim()),
                    rank.values().tensor(rowType, shape.tokens(), shape.dim()),
                    rank.values().tensor(DType.I32, shape.experts())));
        }
        Tensor weights = rank.values().of(DType.F32, weights(me), shape.tokens(), shape.topK());
        for (int round = 0; round < rounds; round++) {
            try (Scope step = rank.memory().openStep()) {
                exchange(rank, references.get(round).received(me), ids.get(round),
                        ids.get((round + 1) % rounds), xs.get(round), fresh, xs.get((round + 1) % rounds), weights,
                        addend, left.get(round), () -> delay(rank, delays, busy));
            }
        }
        for (int round = 0; round < rounds; round++) {
            check(rank, round, left.get(round));
        }
    }

    private void exchange(CommRank rank, int received, Tensor ids, Tensor others, Tensor source, Tensor x, Tensor next,
            Tensor weights,
            Tensor addend, Left left, Delay delay) throws InterruptedException {
        delay.some();
        // A plan without a dispatch, so that one plan directly follows another.
        rank.stream().copy(rank.backend().plan(others).tokensPerExpert_E(), left.tokens());
        DispatchPlan plan = rank.backend().plan(ids);
        delay.some();
        // Rows are computed just before they are sent, on the same stream: a backend that reads them on another stream would send those of the previous round.
        rank.stream().copy(source, x);
        ReceivedRows rows = rank.backend()
                .dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS).withWeights(weights)).await();
        delay.some();
        Tensor valid = rows.rows_RD().slice(0, 0, received);
        if (received > 0) {
            rank.context().device().ops().elementwise().add(rank.stream(), valid, addend.slice(0, 0, received), valid);
            rank.stream().copy(rows.weights_R().slice(0, 0, received), rows.scalars_R().slice(0, 0, received));
        }
        delay.some();
        rank.backend().combine(CombineRequest.of(rows, left.out()).withScalars(left.scalars())).await();
        delay.some();
        // As in recompute: rows are used and not combined, and the next dispatch takes their buffer.
        ReceivedRows used = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
        delay.some();
        rank.stream().copy(used.rows_RD().slice(0, 0, received), left.rows());
        ReceivedRows again = rank.backend().dispatch(DispatchRequest.of(plan, next, ReceiveBuffer.ACTIVATIONS))
                .await();
        rank.backend().combine(CombineRequest.of(again, left.again())).await();
        delay.some();
        ReceivedRows plain = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.GRADIENTS)).await();
        delay.some();
        rank.backend().combine(CombineRequest.of(plain, left.plain())).await();
    }

    private void check(CommRank rank, int round, Left left) {
        int me = rank.index();
        CommReference reference = references.get(round);
        double[][] computed = new double[shape.ranks()][];
        double[][] received = new double[shape.ranks()][];
        double[][] scalars = new double[shape.ranks()][];
        for (int owner = 0; owner < shape.ranks(); owner++) {
            double[] rows = reference.dispatched(owner, sent[round], shape.dim(), shape.topK());
            double[] addend = added[owner];
            received[owner] = rows;
            computed[owner] = new double[rows.length];
            Arrays.setAll(computed[owner], i -> Rounding.to(rowType, (float) rows[i] + (float) addend[i]));
            scalars[owner] = reference.dispatched(owner, allWeights(), 1, 1);
        }
        String at = " of round " + round;
        rank.expect("tokens of the unused plan" + at, references.get((round + 1) % rounds).tokensPerExpert(),
                left.tokens());
        rank.expect("out_TD" + at, reference.combined(me, computed, rowType), left.out());
        rank.expect("scalars_TK" + at, reference.returned(me, scalars, 1), left.scalars());
        rank.expect("rows" + at, received[me], left.rows());
        double[][] next = new double[shape.ranks()][];
        Arrays.setAll(next, owner -> reference.dispatched(owner, sent[(round + 1) % rounds], shape.dim(),
                shape.topK()));
        rank.expect("out_TD, same buffer" + at, reference.combined(me, next, rowType), left.again());
        rank.expect("out_TD, other buffer" + at, reference.combined(me, received, rowType), left.plain());
    }

    private double[] weights(int rank) {
        return shape.values(DType.F32, shape.tokens() * shape.topK(), 20 + rank);
    }

    private double[][] allWeights() {
        double[][] all = new double[shape.ranks()][];
        Arrays.setAll(all, this::weights);
        return all;
    }

    /** Most calls do not wait; some wait for a moment on the host, or for much work on the stream. */
    private static void delay(CommRank rank, Random delays, Tensor busy) throws InterruptedException {
        switch (delays.nextInt(12)) {
            case 0 -> Thread.sleep(delays.nextInt(4));
            case 1 -> rank.stream().fill(busy, delays.nextInt());
            default -> {
                // as fast as it goes
            }
        }
    }

    /** Delays this rank at random. */
    private interface Delay {
        void some() throws InterruptedException;
    }
}
