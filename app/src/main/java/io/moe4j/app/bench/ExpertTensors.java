package io.moe4j.app.bench;

import io.moe4j.api.comm.CommBackend;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;

/**
 * The tensors of a rank's experts in a timed layer: activations for as many rows as the exchange can receive, and the weights of the rank's e experts.
 *
 * @param gateUp_R2F gate and up side by side
 * @param h_RF hidden rows, silu(gate) · up
 * @param gateUp_e2FD weights of gate and up
 * @param down_eDF weights of down
 * @param dgateUp_e2FD gradients with respect to {@code gateUp_e2FD}
 * @param ddown_eDF gradients with respect to {@code down_eDF}
 */
record ExpertTensors(Tensor gateUp_R2F, Tensor h_RF, Tensor gateUp_e2FD, Tensor down_eDF, Tensor dgateUp_e2FD,
        Tensor ddown_eDF) {

    /** @param ranks number of ranks over which the experts are divided */
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
