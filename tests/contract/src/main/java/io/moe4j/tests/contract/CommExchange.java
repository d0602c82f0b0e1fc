package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.moe4j.api.comm.CombineRequest;
import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** One exchange on all ranks: dispatch of rows and scalars, a substitute for experts, and combine; each step is compared with the definition, bit by bit. */
final class CommExchange {
    private final CommCase shape;
    private final DType rowType;
    private final CommReference reference;
    private final double[][] sent;
    private final double[][] weights;
    private final double[][] computed;
    private final double[][] scalars;

    CommExchange(CommCase shape, DType rowType) {
        this.shape = shape;
        this.rowType = rowType;
        reference = new CommReference(shape);
        int ranks = shape.ranks();
        sent = new double[ranks][];
        weights = new double[ranks][];
        computed = new double[ranks][];
        scalars = new double[ranks][];
        for (int rank = 0; rank < ranks; rank++) {
            int received = reference.received(rank);
            sent[rank] = shape.values(rowType, shape.tokens() * shape.dim(), 10 + rank);
            weights[rank] = shape.values(DType.F32, shape.tokens() * shape.topK(), 20 + rank);
            computed[rank] = shape.values(rowType, received * shape.dim(), 30 + rank);
            scalars[rank] = shape.values(DType.F32, received, 40 + rank);
        }
    }

    /** Forward, and backward with the same plan into the other buffer while the first rows are still there. */
    void on(CommRank rank) {
        int me = rank.index();
        assertEquals(reference.capacity(), rank.backend().capacityRows(), "capacityRows()");
        try (Scope step = rank.memory().openStep()) {
            Tensor ids = rank.values().of(reference.ids(me), shape.tokens(), shape.topK());
            Tensor x = rank.values().of(rowType, sent[me], shape.tokens(), shape.dim());
            Tensor w = rank.values().of(DType.F32, weights[me], shape.tokens(), shape.topK());
            DispatchPlan plan = rank.backend().plan(ids);
            rank.expect("offsets_e", reference.offsets(me), plan.offsets_e());
            rank.expect("tokensPerExpert_E", reference.tokensPerExpert(), plan.tokensPerExpert_E());
            DispatchRequest request = DispatchRequest.of(plan, x, ReceiveBuffer.ACTIVATIONS);
            ReceivedRows first = rank.backend().dispatch(request.withWeights(w)).await();
            ReceivedRows second = rank.backend().dispatch(DispatchRequest.of(plan, x, ReceiveBuffer.GRADIENTS)
                    .withWeights(w)).await();
            checkRows(rank, plan, first);
            checkRows(rank, plan, second);
            experts(rank, second);
            back(rank, second);
            experts(rank, first);
            back(rank, first);
            // Rows without scalars come the same way.
            checkReceived(rank, rank.backend().dispatch(request).await());
            rank.expect("offsets_e at the end", reference.offsets(me), plan.offsets_e());
            rank.expect("tokensPerExpert_E at the end", reference.tokensPerExpert(), plan.tokensPerExpert_E());
            rank.expect("x_TD, which is read only", sent[me], x);
            rank.expect("weights_TK, which are read only", weights[me], w);
            checkStatistics(rank);
        }
    }

    private void checkRows(CommRank rank, DispatchPlan plan, ReceivedRows rows) {
        assertSame(plan, rows.plan(), "the plan of received rows");
        checkReceived(rank, rows);
        Tensor received = rows.weights_R().slice(0, 0, reference.received(rank.index()));
        rank.expect("weights_R", reference.dispatched(rank.index(), weights, 1, 1), received);
    }

    private void checkReceived(CommRank rank, ReceivedRows rows) {
        assertEquals(reference.capacity(), rows.rows_RD().dim(0), "rows of the receive buffer");
        Tensor received = rows.rows_RD().slice(0, 0, reference.received(rank.index()));
        rank.expect("rows_RD", reference.dispatched(rank.index(), sent, shape.dim(), shape.topK()), received);
    }

    /** The substitute for experts: overwrites the valid rows, and writes a scalar for each. */
    private void experts(CommRank rank, ReceivedRows rows) {
        int received = reference.received(rank.index());
        HostValues.write(rank.stream(), rows.rows_RD().slice(0, 0, received), computed[rank.index()]);
        HostValues.write(rank.stream(), rows.scalars_R().slice(0, 0, received), scalars[rank.index()]);
    }

    private void back(CommRank rank, ReceivedRows rows) {
        int me = rank.index();
        Tensor out = rank.values().tensor(rowType, shape.tokens(), shape.dim());
        Tensor back = rank.values().tensor(DType.F32, shape.tokens(), shape.topK());
        rank.stream().fill(out, Double.NaN);
        rank.stream().fill(back, Double.NaN);
        CombineRequest request = CombineRequest.of(rows, out);
        assertSame(out, rank.backend().combine(request.withScalars(back)).await(), "what combine returns");
        rank.expect("out_TD", reference.combined(me, computed, rowType), out);
        rank.expect("scalars_TK", reference.returned(me, scalars, 1), back);
        rank.stream().fill(out, Double.NaN);
        rank.backend().combine(request).await();
        rank.expect("out_TD without scalars", reference.combined(me, computed, rowType), out);
    }

    private void checkStatistics(CommRank rank) {
        int me = rank.index();
        rank.backend().statistics().ifPresent(statistics -> {
            double dropped = reference.required(me) - reference.received(me);
            rank.expect("statistics", new double[] {reference.required(me), dropped}, statistics);
            rank.backend().resetStatistics();
            rank.expect("statistics after a reset", new double[2], statistics);
        });
    }
}
