package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.DispatchPlan;
import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Kept rows with other outputs, another release, or other values. */
record KeptView(ReceivedRows real, Supplier<Tensor> outputs, Runnable releasing, @Nullable Tensor seen)
        implements ReceivedRows {

    KeptView(ReceivedRows real, Supplier<Tensor> outputs, Runnable releasing) {
        this(real, outputs, releasing, null);
    }

    @Override
    public Tensor outputs_RD() {
        return outputs.get();
    }

    @Override
    public DispatchPlan plan() {
        return real.plan();
    }

    @Override
    public Tensor rows_RD() {
        return seen == null ? real.rows_RD() : seen;
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
