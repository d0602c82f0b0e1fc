package io.moe4j.api.ops;

import io.moe4j.api.Stability;

/**
 * The operations that every device implements, by family. All enqueue work and return. The suffix of a tensor's name is its shape: {@code x_TD} is
 * (T, D). Floating-point tensors are F32 or BF16, arithmetic is in fp32 and rounded once, sums have a fixed order. Tensors are contiguous unless an
 * operation says otherwise; where rows may have a stride, the elements of each row are dense. Extents may be 0. A NaN among the inputs gives NaN.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DeviceOps {

    MatmulOps matmul();

    ElementwiseOps elementwise();

    NormOps norm();

    RopeOps rope();

    AttentionOps attention();

    ActivationOps activation();

    EmbeddingOps embedding();

    RoutingOps routing();

    LossOps loss();

    OptimizerOps optimizer();
}
