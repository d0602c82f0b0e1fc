package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import io.moe4j.api.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Several plans in one step: each is valid until the step's end, depends on the values of its ids, and adds to the statistics. */
final class CommPlans {
    private static final int PLANS = 3;

    private final CommCase shape;

    CommPlans(CommCase shape) {
        this.shape = shape;
    }

    private CommCase layer(int layer) {
        return shape.withSeed(shape.seed() * 17 + layer);
    }

    /**
     * Plans are used as in a model: they are made in the scope of a layer of forward, and used again after that scope was closed and other layers have
     * used the memory. They are kept, so that no part of them may be a temporary.
     */
    void outliveScopes(CommRank rank, StackGuards stack) {
        List<DispatchPlan> plans = new ArrayList<>();
        try (Scope step = rank.memory().openStep()) {
            for (int layer = 0; layer < PLANS; layer++) {
                Tensor ids = rank.values().of(layer(layer).ids()[rank.index()], shape.tokens(), shape.topK());
                try (Scope scope = rank.memory().open()) {
                    rank.memory().allocate("contract: of the caller", DType.F32, 100);
                    List<String> before = stack.temporaries();
                    plans.add(rank.backend().plan(ids));
                    assertEquals(before, stack.temporaries(),
                            "temporaries held after plan(...): a plan lives in kept memory"
                                    + " (MemoryStack.keep), and plan(...) gives its own temporaries back");
                }
                try (Scope scope = rank.memory().open()) {
                    rank.stream().fill(rank.memory().allocate("contract: of the next layer", DType.F32, 20_000), -1);
                }
            }
            for (int layer = PLANS - 1; layer >= 0; layer--) {
                useAgain(rank, layer, plans.get(layer));
                combineHoldsNothing(rank, stack, plans.get(layer));
            }
        }
    }

    private void useAgain(CommRank rank, int layer, DispatchPlan plan) {
        CommCase now = layer(layer);
        CommReference reference = new CommReference(now);
        String at = " of plan " + layer + ", after its scope has closed";
        rank.expect("offsets_e" + at, reference.offsets(rank.index()), plan.offsets_e());
        rank.expect("tokensPerExpert_E" + at, reference.tokensPerExpert(), plan.tokensPerExpert_E());
        try (Scope scope = rank.memory().open()) {
            exchange(rank, now, plan, at);
        }
    }

    /** Received rows may use memory of their dispatch's scope; memory that combine needs for itself may not. */
    private void combineHoldsNothing(CommRank rank, StackGuards stack, DispatchPlan plan) {
        Tensor x = rank.values().of(DType.F32, shape.values(DType.F32, shape.tokens() * shape.dim(), 1),
                shape.tokens(), shape.dim());
        Tensor scalars = rank.values().tensor(DType.F32, shape.tokens(), shape.topK());
        try (Scope scope = rank.memory().open()) {
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS)).await();
            List<String> before = stack.temporaries();
            rank.backend().combine(CombineRequest.of(rows, x).withScalars(scalars)).await();
            assertEquals(before, stack.temporaries(), "temporaries held after combine(...): it gives them back");
        }
    }

    /** Makes an exchange with scalars into each of the buffers. */
    private static void exchange(CommRank rank, CommCase now, DispatchPlan plan, String at) {
        CommReference reference = new CommReference(now);
        double[][] sent = new double[now.ranks()][];
        double[][] weights = new double[now.ranks()][];
        double[][] received = new double[now.ranks()][];
        for (int source = 0; source < now.ranks(); source++) {
            sent[source] = now.values(DType.F32, now.tokens() * now.dim(), 10 + source);
            weights[source] = now.values(DType.F32, now.tokens() * now.topK(), 50 + source);
        }
        for (int owner = 0; owner < now.ranks(); owner++) {
            received[owner] = reference.dispatched(owner, sent, now.dim(), now.topK());
        }
        int me = rank.index();
        Tensor x = rank.values().of(DType.F32, sent[me], now.tokens(), now.dim());
        Tensor w = rank.values().of(DType.F32, weights[me], now.tokens(), now.topK());
        Tensor out = rank.values().tensor(DType.F32, now.tokens(), now.dim());
        for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
            String where = at + ", in the buffer " + buffer;
            ReceivedRows rows = rank.backend().dispatch(DispatchRequest.of(plan, x, buffer).withWeights(w)).await();
            rank.expect("rows_RD" + where, received[me], rows.rows_RD().slice(0, 0, reference.received(me)));
            rank.expect("weights_R" + where, reference.dispatched(me, weights, 1, 1),
                    rows.weights_R().slice(0, 0, reference.received(me)));
            rank.stream().fill(out, Double.NaN);
            rank.backend().combine(CombineRequest.of(rows, out)).await();
            rank.expect("out_TD" + where, reference.combined(me, received, DType.F32), out);
        }
    }

    /** One tensor holds the ids of one layer after another, as when addresses repeat: each plan must be that of its own ids. */
    void readTheIdsOfNow(CommRank rank) {
        Tensor ids = rank.values().tensor(DType.I32, shape.tokens(), shape.topK());
        List<Tensor> sources = new ArrayList<>();
        for (int layer = 0; layer < PLANS; layer++) {
            sources.add(rank.values().of(layer(layer).ids()[rank.index()], shape.tokens(), shape.topK()));
        }
        for (int step = 0; step < 2; step++) {
            try (Scope scope = rank.memory().openStep()) {
                rank.backend().resetStatistics();
                List<DispatchPlan> plans = new ArrayList<>();
                for (int layer = 0; layer < PLANS; layer++) {
                    rank.stream().copy(sources.get(layer), ids);
                    plans.add(rank.backend().plan(ids));
                    // In the second step as in a model's forward, where each plan is used before the next one is made.
                    if (step == 1) {
                        useNow(rank, layer, plans.get(layer));
                    }
                }
                for (int layer = 0; layer < PLANS; layer++) {
                    useNow(rank, layer, plans.get(layer));
                }
            }
        }
    }

    private void useNow(CommRank rank, int layer, DispatchPlan plan) {
        String at = " of layer " + layer + ", whose ids were in the same tensor as those of the others";
        rank.expect("tokensPerExpert_E" + at, new CommReference(layer(layer)).tokensPerExpert(),
                plan.tokensPerExpert_E());
        exchange(rank, layer(layer), plan, at);
    }

    /**
     * The statistics are the largest number of all plans, and the sum of all dropped rows. The plan with the largest number comes neither first nor last; in a
     * later step it comes late; and it is absent from the last step, whose numbers are its own after several resets.
     */
    void addToTheStatistics(CommRank rank) {
        if (rank.backend().statistics().isEmpty()) {
            assertTrue(rank.isWorstCaseOnly(),
                    "a backend without statistics cannot report an overflow: its requirements"
                            + " have to say worstCaseOnly");
            return;
        }
        int me = rank.index();
        int[] order = order();
        int[][] steps = {order, order, {order[0], order[2], order[2], order[0], order[1], order[2]},
                {order[2], order[0]}};
        for (int[] step : steps) {
            try (Scope scope = rank.memory().openStep()) {
                rank.backend().resetStatistics();
                rank.expect("statistics after a reset", new double[2], rank.backend().statistics().orElseThrow());
                double most = 0;
                double dropped = 0;
                for (int layer : step) {
                    CommReference reference = new CommReference(layer(layer));
                    rank.backend().plan(rank.values().of(reference.ids(me), shape.tokens(), shape.topK()));
                    most = Math.max(most, reference.required(me));
                    dropped += reference.required(me) - reference.received(me);
                    rank.expect("statistics after several plans: the most of any, and the sum of what was dropped",
                            new double[] {most, dropped}, rank.backend().statistics().orElseThrow());
                }
            }
        }
    }

    /** The same plans with a capacity for which one plan needs one round, and those that receive more rows need several. */
    static CommCase inRounds(CommCase shape) {
        CommPlans plans = new CommPlans(shape);
        return CommRounds.of(shape, IntStream.range(0, PLANS).map(plans::mostRequired).min().orElseThrow());
    }

    /**
     * The number of plans, of those with several rounds, and the most rounds of any. Two plans with the most rounds come between two with the fewest,
     * so that neither the last plan nor those before a reset can be taken for all. In a later step it comes late, and in the last not at all.
     */
    void addToTheRoundStatistics(CommRank rank) {
        int capacity = Math.toIntExact(rank.backend().capacityRows());
        int most = order(this::mostRequired)[1];
        int least = least();
        int[][] steps = {{least, most, most, least}, {least, most, most, least},
                {least, least, least, least, most, least}, {least, least}};
        for (int[] step : steps) {
            try (Scope scope = rank.memory().openStep()) {
                rank.backend().resetStatistics();
                double[] expected = new double[3];
                rank.backend().roundStatistics().ifPresent(
                        statistics -> rank.expect("roundStatistics after a reset", expected.clone(), statistics));
                for (int layer : step) {
                    rank.backend()
                            .plan(rank.values().of(layer(layer).ids()[rank.index()], shape.tokens(), shape.topK()));
                    int rounds = Math.max(1, Math.ceilDiv(mostRequired(layer), capacity));
                    expected[0]++;
                    expected[1] += rounds > 1 ? 1 : 0;
                    expected[2] = Math.max(expected[2], rounds);
                    // With one rank, all plans receive the same, and there may be no rounds.
                    rank.backend().roundStatistics().ifPresent(statistics -> rank.expect(
                            "roundStatistics after several plans: plans, those of several rounds, the most rounds of any",
                            expected, statistics));
                }
            }
        }
    }

    /** The layer whose plan needs the fewest rounds. */
    private int least() {
        return order(layer -> -mostRequired(layer))[1];
    }

    /** Rows of the rank that receives the most, in all rounds together. */
    private int mostRequired(int layer) {
        return new CommReference(layer(layer).with(ReceiveCapacity.worstCase(), OverflowAction.FAIL)).mostRequired();
    }

    /** The same order on all ranks: the layer in which rank 0 receives the most stands in the middle. */
    private int[] order() {
        return order(layer -> new CommReference(layer(layer)).required(0));
    }

    /** The layer with the largest number stands in the middle. */
    private static int[] order(IntUnaryOperator number) {
        int most = 0;
        for (int layer = 1; layer < PLANS; layer++) {
            if (number.applyAsInt(layer) > number.applyAsInt(most)) {
                most = layer;
            }
        }
        return new int[] {(most + 1) % PLANS, most, (most + 2) % PLANS};
    }
}
