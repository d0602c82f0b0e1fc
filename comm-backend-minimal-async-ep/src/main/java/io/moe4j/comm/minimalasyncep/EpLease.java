package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.comm.support.KeptRows;
import io.moe4j.api.tensor.Tensor;

/**
 * The received rows of a dispatch, until another dispatch takes over their memory, or until they are released.
 *
 * @param plan the plan by which the rows were dispatched
 * @param landing where the rows are: the buffer itself, or memory that keeps them
 * @param slot the buffer from which the experts' outputs are combined
 * @param dispatch the number of the dispatch with which they arrived
 * @param keeping where the memory of kept rows is returned
 */
record EpLease(EpPlan plan, Landing landing, ReceiveSlot slot, long dispatch, KeptRows<KeptSlot> keeping)
        implements ReceivedRows {

    @Override
    public EpPlan plan() {
        landing.check(dispatch);
        return plan;
    }

    @Override
    public Tensor rows_RD() {
        landing.check(dispatch);
        return landing.rows_RD();
    }

    @Override
    public Tensor outputs_RD() {
        slot.check(dispatch);
        return slot.outputs_RD();
    }

    @Override
    public Tensor weights_R() {
        landing.check(dispatch);
        return landing.weights_R();
    }

    @Override
    public Tensor scalars_R() {
        slot.check(dispatch);
        return slot.scalars_R();
    }

    @Override
    public void release() {
        if (landing instanceof KeptSlot kept && kept.release(dispatch)) {
            keeping.release(kept);
        }
    }
}
