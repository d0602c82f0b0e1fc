package io.moe4j.comm.standard;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;

/**
 * Received rows in their own memory: valid until the scope that was open at their dispatch closes, whatever is dispatched later. Kept rows are valid until
 * they are released; only their outputs and scalars are the scope's.
 *
 * @param given gives the memory of kept rows back
 */
record StandardRows(StandardPlan plan, Tensor rows_RD, Tensor outputs_RD, Tensor weights_R, Tensor scalars_R,
        Runnable given) implements ReceivedRows {

    @Override
    public void release() {
        given.run();
    }
}
