package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.tensor.Tensor;

/** Memory on every rank in which the rows of a dispatch arrive, with their scalars. */
interface Landing {

    Tensor rows_RD();

    Tensor weights_R();

    /** The rows of all ranks. */
    KernelArg peerRows();

    /** The scales of the rows of all ranks, where rows have scales. */
    KernelArg peerRowScales();

    /** The scalars of all ranks. */
    KernelArg peerWeights();

    /**
     * Checks that the rows are still those of this dispatch.
     *
     * @throws IllegalStateException if they are not
     */
    void check(long dispatch);
}
