package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;
import java.util.function.UnaryOperator;

/** Received rows with other values, and outputs that begin a row later. */
record RowsView(ReceivedRows real, UnaryOperator<Tensor> view) implements ReceivedRows {
    @Override
    public DispatchPlan plan() {
        return real.plan();
    }

    @Override
    public Tensor rows_RD() {
        return view.apply(real.rows_RD());
    }

    @Override
    public Tensor outputs_RD() {
        Tensor outputs = real.outputs_RD();
        return outputs.dim(0) < 2 ? outputs : outputs.slice(0, 1, outputs.dim(0));
    }

    @Override
    public Tensor weights_R() {
        return real.weights_R();
    }

    @Override
    public Tensor scalars_R() {
        return real.scalars_R();
    }
}
