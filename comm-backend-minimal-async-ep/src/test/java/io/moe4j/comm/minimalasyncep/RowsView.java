package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Received rows of which some methods are replaced: the values, the outputs, or the release. */
record RowsView(ReceivedRows real, Supplier<Tensor> rows, Supplier<Tensor> outputs, Runnable releasing)
        implements ReceivedRows {

    /** Rows with other values, outputs that begin a row later, and no release. */
    static RowsView later(ReceivedRows real, UnaryOperator<Tensor> view) {
        return new RowsView(real, () -> view.apply(real.rows_RD()), () -> {
            Tensor outputs = real.outputs_RD();
            return outputs.dim(0) < 2 ? outputs : outputs.slice(0, 1, outputs.dim(0));
        }, () -> {});
    }

    /** Kept rows with other outputs, or another release. */
    static RowsView kept(ReceivedRows real, Supplier<Tensor> outputs, Runnable releasing) {
        return new RowsView(real, real::rows_RD, outputs, releasing);
    }

    @Override
    public DispatchPlan plan() {
        return real.plan();
    }

    @Override
    public Tensor rows_RD() {
        return rows.get();
    }

    @Override
    public Tensor outputs_RD() {
        return outputs.get();
    }

    @Override
    public Tensor weights_R() {
        return real.weights_R();
    }

    @Override
    public Tensor scalars_R() {
        return real.scalars_R();
    }

    @Override
    public void release() {
        releasing.run();
    }
}
