package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * SwiGLU of dense layers, all rows valid. For experts see {@code ExpertKernels}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ActivationOps {

    /** h = silu(gate) · up; rows may have strides. */
    void swiglu(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor h_TF);

    /** Gradients with respect to gate and up; {@code dgate_TF} may be {@code gate_TF}, {@code dup_TF} may be {@code up_TF}. */
    void swigluBackward(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor dh_TF, Tensor dgate_TF, Tensor dup_TF);
}
