package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.device.WorkspaceSizes;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * The operations that every device implements, by family. All enqueue work and return. The suffix of a tensor's name is its shape: {@code x_TD} is
 * (T, D). Floating-point tensors are F32 or BF16, unless an operation says that they can have scales; arithmetic is in fp32, results are rounded once, and
 * sums have a fixed order. Tensors are contiguous unless an operation says otherwise; if rows may have a stride, the elements of each row are dense.
 * Extents may be 0. A NaN among the inputs gives NaN.
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
     * Whether products of this device accept operands of the type; if the type has {@linkplain DType#isScaled() scales}, the device also has
     * {@link #scaling()} for it. Call it before a run: a product of another type is an error. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default boolean supports(DType operands) {
        return operands.isPlainFloating();
    }

    /**
     * Conversions between fp32 numbers and types that have scales; empty if no such type is supported. Since SPI 1.4.
     *
     * @since 0.3.0
     */
    default Optional<ScalingOps> scaling() {
        return Optional.empty();
    }

    /**
     * c = alpha · op(a) · op(b) + beta · c, where a is F32 and b is BF16. Neither is rounded: the error is that of a product in fp32. With beta = 1, the
     * product may be rounded to c's type before c is added. The default widens b, and multiplies in fp32. A device with fast BF16 products can do better,
     * since an F32 number is the sum of three BF16 numbers. For example 1.00390625 + 2⁻²³ = 1 + 0.00390625 + 2⁻²³. Since SPI 1.4.
     *
     * @param product c is F32 or BF16, and contiguous; beta is 0 or 1
     * @param workspace {@link WorkspaceSizes#mixedMatmul} bytes
     * @since 0.3.0
     */
    default void mixedMatmul(Stream stream, Matmul product, Tensor workspace) {
        new WidenedMatmul(product, workspace).enqueue(this, stream);
    }

    /**
     * The gradients of a norm, where the gradient with respect to x is added to another gradient: dx = addend + (gradient, rounded to dx's type), rounded. The
     * default uses two operations, with the same bits. Since SPI 1.4.
     *
     * @param gradients its dx_TD is overwritten and contiguous
     * @param addend_TD a tensor of dx_TD's shape and type, contiguous, in other memory than dx_TD
     * @since 0.3.0
     */
    default void normBackwardAdded(Stream stream, NormOps.Backward gradients, Tensor addend_TD) {
        norm().backward(stream, gradients);
        elementwise().add(stream, addend_TD, gradients.dx_TD(), gradients.dx_TD());
    }
}
