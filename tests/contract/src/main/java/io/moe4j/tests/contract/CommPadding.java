package io.moe4j.tests.contract;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.DispatchRequest;
import io.moe4j.api.comm.ReceiveBuffer;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;

/**
 * Rows at or beyond R are not written. A whole receive buffer is marked through one lease; after the same dispatch again, valid rows have lost their mark,
 * and no others have. Where freed memory is poisoned, rows of a scope have the poison instead of the mark, and so has scratch that was copied there: that
 * shows only on a device that is not strict.
 */
final class CommPadding {

    /** In all plain types, and no value of a row. */
    private static final double MARK = 0x1p100;

    private CommPadding() {}

    static void check(CommRank rank, CommCase shape, DType rowType) {
        check(rank, shape, rowType, false);
    }

    /** @param kept whether the rows are kept, in the memory of one dispatch */
    static void check(CommRank rank, CommCase shape, DType rowType, boolean kept) {
        CommReference reference = new CommReference(shape);
        double[][] sent = new double[shape.ranks()][];
        double[][] weights = new double[shape.ranks()][];
        for (int source = 0; source < shape.ranks(); source++) {
            sent[source] = shape.values(rowType, shape.tokens() * shape.dim(), source);
            weights[source] = shape.values(DType.F32, shape.tokens() * shape.topK(), 100 + source);
        }
        int me = rank.index();
        try (Scope step = rank.memory().openStep()) {
            Tensor x = rank.values().of(rowType, sent[me], shape.tokens(), shape.dim());
            Tensor w = rank.values().of(DType.F32, weights[me], shape.tokens(), shape.topK());
            DispatchPlan plan = rank.backend().plan(rank.values().of(reference.ids(me), shape.tokens(), shape.topK()));
            for (ReceiveBuffer buffer : ReceiveBuffer.values()) {
                DispatchRequest request = DispatchRequest.of(plan, x, buffer).withWeights(w).withKeptRows(kept);
                long marked;
                try (Scope first = rank.memory().open()) {
                    ReceivedRows rows = rank.backend().dispatch(request).await();
                    rank.stream().fill(rows.rows_RD(), MARK);
                    rank.stream().fill(rows.weights_R(), MARK);
                    marked = rows.rows_RD().address();
                    rows.release();
                }
                try (Scope second = rank.memory().open()) {
                    ReceivedRows rows = rank.backend().dispatch(request).await();
                    Assumptions.assumeTrue(marked == rows.rows_RD().address(),
                            "the backend uses another buffer each time, so marks cannot be followed");
                    boolean poisoned = rank.context().device().config().strict();
                    marks("rows_RD", poisoned, reference.dispatched(me, sent, shape.dim(), shape.topK()),
                            rank.read(rows.rows_RD()));
                    marks("weights_R", poisoned, reference.dispatched(me, weights, 1, 1), rank.read(rows.weights_R()));
                    rows.release();
                }
            }
        }
    }

    private static void marks(String what, boolean poisoned, double[] valid, double[] actual) {
        if (!Arrays.equals(valid, Arrays.copyOf(actual, valid.length))) {
            throw new AssertionError("valid rows of " + what + " are wrong");
        }
        for (int i = valid.length; i < actual.length; i++) {
            if (actual[i] != MARK && !(poisoned && Double.isNaN(actual[i]))) {
                throw new AssertionError(what + ": element " + i + " lies beyond the " + valid.length
                        + " valid ones, but was overwritten with " + actual[i]
                        + "; move only rows that were received, and not as many as the buffer can hold");
            }
        }
    }
}
