package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;
import java.util.Optional;

/**
 * The operations that every device implements, by family. All enqueue work and return. The suffix of a tensor's name is its shape: {@code x_TD} is
 * (T, D). Floating-point tensors are F32 or BF16, where an operation does not say that they can have scales; arithmetic is in fp32 and rounded once,
 * sums have a fixed order. Tensors are contiguous unless an operation says otherwise; where rows may have a stride, the elements of each row are
 * dense. Extents may be 0. A NaN among the inputs gives NaN.
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

    /**
     * Whether products of this device take operands of the type; where it has {@linkplain DType#isScaled() scales}, the device has {@link #scaling()}
     * for it too. Ask before a run: a product of another type is an error. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default boolean supports(DType operands) {
        return operands.isPlainFloating();
    }

    /**
     * Between fp32 numbers and types that have scales; none where no such type is supported. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Optional<ScalingOps> scaling() {
        return Optional.empty();
    }
}
