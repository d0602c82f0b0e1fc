package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.OverflowAction;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceiveCapacity;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.tests.contract.CommCase.Routing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Exchanges whose rows do not fit, in rounds: each round brings the next rows of the arrival order, and the results are, bit for bit, those of one
 * exchange with a buffer for the worst case.
 */
final class CommRounds {
    private static final List<Routing> ROUTINGS = List.of(Routing.values());

    private final CommCase shape;
    private final DType rowType;
    private final DType returnType;
    private final int scalesOfRow;
    private final int capacity;
    private final int rounds;
    private final boolean keeps;
    /** The values of all rows, as if the buffer held the worst case. */
    private final CommReference reference;

    CommRounds(CommCase shape, DType rowType) {
        this(shape, rowType, false);
    }

    /** @param keeps whether the rows of first rounds are kept */
    CommRounds(CommCase shape, DType rowType, boolean keeps) {
        this.keeps = keeps;
        this.shape = shape;
        this.rowType = rowType;
        returnType = shape.config(rowType).returnType();
        scalesOfRow = Math.toIntExact(shape.config(rowType).scalesOfRow());
        capacity = Math.toIntExact(shape.config(rowType).capacityRows(shape.ranks()));
        reference = new CommReference(shape.with(ReceiveCapacity.worstCase(), OverflowAction.FAIL));
        rounds = Math.max(1, Math.ceilDiv(reference.mostRequired(), Math.max(1, capacity)));
    }

    /** Every kind of routing with every kind of capacity; then random shapes, routings and capacities. */
    static List<CommCase> cases(List<Integer> groupSizes) {
        List<CommCase> cases = new ArrayList<>();
        for (int ranks : groupSizes) {
            int experts = ranks == 3 ? 6 : 8;
            int perRank = experts / ranks;
            for (Routing routing : ROUTINGS) {
                CommCase shape = CommCase.of(routing + " x" + ranks, ranks, 11, 8, experts, Math.min(3, perRank + 1),
                        routing);
                int most = new CommReference(shape).mostRequired();
                List<Integer> rows = List.of(1, most / 2, most - 1, 7, most);
                cases.add(of(shape, rows.get(cases.size() % rows.size())));
                cases.add(of(shape, rows.get((cases.size() + 1) % rows.size())));
            }
            cases.add(of(CommCase.of("no tokens x" + ranks, ranks, 0, 8, experts, 2, Routing.RANDOM), 3));
            cases.add(of(CommCase.of("one token x" + ranks, ranks, 1, 8, experts, 2, Routing.RANDOM), 1));
            cases.add(of(CommCase.of("one expert has everything x" + ranks, ranks, 29, 16, experts, 1, Routing.LAST),
                    10));
            cases.add(of(CommCase.of("K = E x" + ranks, ranks, 7, 8, experts, experts, Routing.RANDOM), 9));
            cases.add(of(CommCase.of("one element x" + ranks, ranks, 5, 1, experts, 2, Routing.RANDOM), 2));
        }
        Random random = new Random(11);
        for (int i = 0; i < 20; i++) {
            int ranks = groupSizes.get(random.nextInt(groupSizes.size()));
            int experts = ranks * (1 + random.nextInt(5));
            CommCase shape = CommCase.of("random " + i, ranks, 1 + random.nextInt(40), 1 + random.nextInt(40), experts,
                    1 + random.nextInt(Math.min(experts, 6)),
                    ROUTINGS.get(random.nextInt(ROUTINGS.size()))).withSeed(i);
            cases.add(of(shape, 1 + random.nextInt(2 * shape.tokens() * shape.topK())));
        }
        return cases;
    }

    /** The case with room for {@code rows} received rows. */
    static CommCase of(CommCase shape, int rows) {
        double balanced = Math.max(1, (double) shape.tokens() * shape.topK());
        // Half a row below, because the product is rounded up.
        return shape.with(ReceiveCapacity.factor(Math.max(0.5, rows - 0.5) / balanced), OverflowAction.ROUNDS);
    }

    /** Uses both buffers, each twice, since backward makes the rounds of forward again. */
    void on(CommRank rank) {
        assertEquals(capacity, rank.backend().capacityRows(), "capacityRows()");
        assertEquals(shape.config(rowType).maxRounds(shape.ranks()), rank.backend().maxRounds(), "maxRounds()");
        try (Scope step = rank.memory().openStep()) {
            DispatchPlan plan = rank.backend()
                    .plan(rank.values().of(reference.ids(rank.index()), shape.tokens(), shape.topK()));
            rank.expect("tokensPerExpert_E", reference.tokensPerExpert(), plan.tokensPerExpert_E());
            for (int time = 0; time < 2; time++) {
                new Exchange(rank, ReceiveBuffer.ACTIVATIONS, 200 * time, true).run(plan);
                new Exchange(rank, ReceiveBuffer.GRADIENTS, 200 * time + 100, false).run(plan);
            }
            needsRoomForRowsThatWait(rank, plan);
            statistics(rank);
        }
    }

    private void needsRoomForRowsThatWait(CommRank rank, DispatchPlan plan) {
        if (rank.backend().maxRounds() > 1 && scalesOfRow == 0) {
            Tensor x = rank.values().tensor(rowType, shape.tokens(), shape.dim());
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            assertThrows(IllegalArgumentException.class, () -> rank.backend().combine(CombineRequest.of(rows, x)),
                    "a combine without waiting_ND");
        }
    }

    private void statistics(CommRank rank) {
        rank.backend().statistics().ifPresent(statistics -> rank.expect("statistics",
                new double[] {reference.required(rank.index()), 0}, statistics));
        Optional<Tensor> counted = rank.backend().roundStatistics();
        assertEquals(rank.backend().maxRounds() > 1, counted.isPresent(), "roundStatistics() are there");
        counted.ifPresent(statistics -> {
            rank.expect("roundStatistics", new double[] {1, rounds > 1 ? 1 : 0, rounds}, statistics);
            rank.backend().resetStatistics();
            rank.expect("roundStatistics after a reset", new double[3], statistics);
        });
    }

    /** One exchange, in as many rounds as it needs; the host checks each. */
    private final class Exchange {
        private final CommRank rank;
        private final ReceiveBuffer buffer;
        private final boolean withScalars;
        private final double[][] sent;
        private final double[][] scales;
        private final double[][] weights;
        private final double[][] computed;
        private final double[][] scalars;
        private final Tensor x;
        private final Tensor w;
        private final Tensor out;
        private final Tensor back;
        private final Tensor waiting;
        private int round;
        private Optional<ReceivedRows> kept = Optional.empty();

        Exchange(CommRank rank, ReceiveBuffer buffer, int salt, boolean withScalars) {
            this.rank = rank;
            this.buffer = buffer;
            this.withScalars = withScalars;
            sent = values(rowType, salt, r -> shape.tokens() * shape.dim());
            scales = values(DType.F32, salt + 10, r -> shape.tokens() * scalesOfRow);
            weights = values(DType.F32, salt + 20, r -> shape.tokens() * shape.topK());
            computed = values(returnType, salt + 30, r -> reference.required(r) * shape.dim());
            scalars = values(DType.F32, salt + 40, reference::required);
            int me = rank.index();
            Tensor numbers = rank.values().of(rowType, sent[me], shape.tokens(), shape.dim());
            x = scalesOfRow == 0 ? numbers
                    : numbers.withScales(Optional.of(Scales
                            .ofRows(rank.values().of(DType.F32, scales[me], shape.tokens(), scalesOfRow))));
            w = rank.values().of(DType.F32, weights[me], shape.tokens(), shape.topK());
            out = nan(returnType, shape.tokens(), shape.dim());
            back = nan(DType.F32, shape.tokens(), shape.topK());
            waiting = nan(returnType, (long) shape.tokens() * shape.topK(), shape.dim());
        }

        private Tensor nan(DType type, long... extents) {
            Tensor tensor = rank.values().tensor(type, extents);
            rank.stream().fill(tensor, Double.NaN);
            return tensor;
        }

        void run(DispatchPlan plan) {
            Consumer<DispatchPlan> next = part -> {
                try (Scope scope = rank.memory().open()) {
                    round(part);
                }
            };
            next.accept(plan);
            rank.backend().furtherRounds(plan, next);
            assertTrue(round >= rounds && round <= rank.backend().maxRounds(), round + " rounds were enqueued, where "
                    + rounds + " are needed, and maxRounds() is " + rank.backend().maxRounds());
            int me = rank.index();
            kept.ifPresent(this::checkKept);
            rank.expect("out_TD of " + rounds + " rounds", reference.combined(me, computed, returnType), out);
            if (withScalars) {
                rank.expect("scalars_TK of " + rounds + " rounds", reference.returned(me, scalars, 1), back);
            }
            rank.expect("x_TD, which is read only", sent[me], x.withScales(Optional.empty()));
        }

        /** Checks after all rounds that the kept rows of the first round are still there. */
        private void checkKept(ReceivedRows rows) {
            int me = rank.index();
            int received = Math.min(reference.required(me), capacity);
            rank.expect("rows_RD that are kept, after all rounds",
                    window(reference.dispatched(me, sent, shape.dim(), shape.topK()), 0, received, shape.dim()),
                    rows.rows_RD().slice(0, 0, received).withScales(Optional.empty()));
            if (scalesOfRow > 0) {
                rank.expect("scales of rows_RD that are kept, after all rounds",
                        window(reference.dispatched(me, scales, scalesOfRow, shape.topK()), 0, received, scalesOfRow),
                        rows.rows_RD().slice(0, 0, received).scales().orElseThrow().values());
            }
            if (withScalars) {
                rank.expect("weights_R that are kept, after all rounds",
                        window(reference.dispatched(me, weights, 1, 1), 0, received, 1),
                        rows.weights_R().slice(0, 0, received));
            }
            rows.release();
        }

        /** The rows from {@code from} to {@code to} of the arrival order. */
        private void round(DispatchPlan part) {
            int me = rank.index();
            int from = Math.min(reference.required(me), round * capacity);
            int to = Math.min(reference.required(me), from + capacity);
            String at = " of round " + round;
            rank.expect("offsets_e" + at,
                    Arrays.stream(reference.offsets(me)).map(end -> Math.clamp(end - from, 0, capacity)).toArray(),
                    part.offsets_e());
            assertEquals(round > 0, part.before_1().isPresent(), "before_1() is there" + at);
            part.before_1().ifPresent(before -> rank.expect("before_1" + at, new double[] {before(me, from)}, before));
            DispatchRequest request = DispatchRequest.of(part, x, buffer).withKeptRows(keeps && round == 0);
            ReceivedRows rows = rank.backend().dispatch(withScalars ? request.withWeights(w) : request).await();
            kept = keeps && round == 0 ? Optional.of(rows) : kept;
            int received = to - from;
            Tensor arrived = rows.rows_RD().slice(0, 0, received);
            rank.expect("rows_RD" + at, window(reference.dispatched(me, sent, shape.dim(), shape.topK()), from, to,
                    shape.dim()), arrived.withScales(Optional.empty()));
            if (scalesOfRow > 0) {
                rank.expect("scales of rows_RD" + at,
                        window(reference.dispatched(me, scales, scalesOfRow, shape.topK()), from, to, scalesOfRow),
                        arrived.scales().orElseThrow().values());
            }
            if (withScalars) {
                rank.expect("weights_R" + at, window(reference.dispatched(me, weights, 1, 1), from, to, 1),
                        rows.weights_R().slice(0, 0, received));
            }
            HostValues.write(rank.stream(), rows.outputs_RD().slice(0, 0, received),
                    window(computed[me], from, to, shape.dim()));
            HostValues.write(rank.stream(), rows.scalars_R().slice(0, 0, received), window(scalars[me], from, to, 1));
            CombineRequest combine = CombineRequest.of(rows, out).withWaiting(waiting);
            rank.backend().combine(withScalars ? combine.withScalars(back) : combine).await();
            round++;
        }
    }

    /** Rows before {@code from} of the expert that has row {@code from}. */
    private int before(int rank, int from) {
        double[] ends = reference.offsets(rank);
        int start = 0;
        for (double end : ends) {
            if (from < end) {
                return from - start;
            }
            start = (int) end;
        }
        return 0;
    }

    private static double[] window(double[] all, int from, int to, int columns) {
        return Arrays.copyOfRange(all, from * columns, to * columns);
    }

    private double[][] values(DType type, int salt, java.util.function.IntUnaryOperator count) {
        double[][] values = new double[shape.ranks()][];
        Arrays.setAll(values, r -> shape.values(type, count.applyAsInt(r), salt + 10_000 * r));
        return values;
    }
}
