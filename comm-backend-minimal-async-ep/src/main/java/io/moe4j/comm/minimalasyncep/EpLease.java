package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;

/**
 * The received rows in a receive buffer, until another dispatch takes the buffer over.
 *
 * @param plan by which the rows were dispatched
 * @param slot the buffer that holds the rows
 * @param dispatch the number of the dispatch that brought them
 */
record EpLease(EpPlan plan, ReceiveSlot slot, long dispatch) implements ReceivedRows {

    @Override
    public EpPlan plan() {
        slot.check(dispatch);
        return plan;
    }

    @Override
    public Tensor rows_RD() {
        slot.check(dispatch);
        return slot.rows_RD();
    }

    @Override
    public Tensor outputs_RD() {
        slot.check(dispatch);
        return slot.outputs_RD();
    }

    @Override
    public Tensor weights_R() {
        slot.check(dispatch);
        return slot.weights_R();
    }

    @Override
    public Tensor scalars_R() {
        slot.check(dispatch);
        return slot.scalars_R();
    }
}
