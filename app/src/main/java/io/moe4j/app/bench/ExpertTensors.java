package io.moe4j.app.bench;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;

/**
 * What the experts of a rank compute on in a timed layer: rows for as many as the exchange can receive, and the weights of its e experts.
 *
 * @param gateUp_R2F gate and up side by side
 * @param h_RF their products
 * @param gateUp_e2FD weights before the products
 * @param down_eDF weights after them
 * @param dgateUp_e2FD gradients of the first
 * @param ddown_eDF gradients of the second
 */
record ExpertTensors(Tensor gateUp_R2F, Tensor h_RF, Tensor gateUp_e2FD, Tensor down_eDF, Tensor dgateUp_e2FD,
        Tensor ddown_eDF) {

    /** @param ranks among which the experts are divided */
    static ExpertTensors of(BenchTensors tensors, BenchSetup setup, CommBackend comm, int ranks) {
        MoeSpec moe = setup.moe();
        DType dtype = setup.dtype();
        DType gradients = setup.config().training().gradientDtype();
        long local = moe.experts() / ranks;
        long hidden = moe.expertHidden();
        return new ExpertTensors(tensors.empty(dtype, comm.capacityRows(), 2 * hidden),
                tensors.empty(dtype, comm.capacityRows(), hidden),
                tensors.random(dtype, local, 2 * hidden, moe.dim()), tensors.random(dtype, local, moe.dim(), hidden),
                tensors.empty(gradients, local, 2 * hidden, moe.dim()),
                tensors.empty(gradients, local, moe.dim(), hidden));
    }

    /** (R, F), a part of {@link #gateUp_R2F}. */
    Tensor gate() {
        return gateUp_R2F.slice(1, 0, h_RF.dim(1));
    }

    /** (R, F), a part of {@link #gateUp_R2F}. */
    Tensor up() {
        return gateUp_R2F.slice(1, h_RF.dim(1), 2 * h_RF.dim(1));
    }
}
