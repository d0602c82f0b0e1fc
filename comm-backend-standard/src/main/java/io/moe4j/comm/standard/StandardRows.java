package io.moe4j.comm.standard;

import io.moe4j.api.comm.ReceivedRows;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Received rows in their own memory: valid until the scope that was open at their dispatch closes, whatever is dispatched later. Kept rows are valid until
 * they are released; only their outputs and scalars belong to the scope.
 *
 * @param kept releases the memory of kept rows; absent if they are not kept
 */
record StandardRows(StandardPlan plan, Tensor rows_RD, Tensor outputs_RD, Tensor weights_R, Tensor scalars_R,
        Optional<KeptRelease> kept) implements ReceivedRows {

    @Override
    public Tensor rows_RD() {
        kept.ifPresent(KeptRelease::check);
        return rows_RD;
    }

    @Override
    public Tensor weights_R() {
        kept.ifPresent(KeptRelease::check);
        return weights_R;
    }

    @Override
    public void release() {
        kept.ifPresent(KeptRelease::run);
    }
}
