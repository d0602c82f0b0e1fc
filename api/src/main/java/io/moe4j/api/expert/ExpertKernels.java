package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;

/**
 * The computation of experts, over buffers of R_max rows of which the first {@code offsets[e-1]} are valid. Offsets are read on the device. Rows at
 * or beyond the last offset are neither read nor written. Zero rows, experts without rows, and one expert with all rows are valid cases. Row
 * addresses are 64-bit. Accumulation is in fp32; results are rounded once.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ExpertKernels extends AutoCloseable {

    /** y = x · wᵀ: for each row r of expert j, y[r] = w[j] · x[r]. */
    void forward(Stream stream, GroupedProduct.Forward product);

    /** dx = dy · w: the gradient with respect to the rows. */
    void inputGradient(Stream stream, GroupedProduct.InputGradient product);

    /** dw[j] = Σ over rows of expert j of dy[r]ᵀ · x[r]: the gradient with respect to the weights; it is zero for an expert without rows. */
    void weightGradient(Stream stream, GroupedProduct.WeightGradient product);

    /** h = weight · silu(gate) · up. */
    void swiglu(Stream stream, SwiGlu.Forward arguments);

    /** The gradients of {@link #swiglu} with respect to gate, up and weight. */
    void swigluBackward(Stream stream, SwiGlu.Backward arguments);

    /**
     * Whether the grouped products take rows and weights of this type. Ask before a run: products of another type are errors. Since SPI 1.2.
     *
     * @since 0.3.0
     */
    default boolean supports(DType operands) {
        return operands.isPlainFloating();
    }

    /**
     * Quantizes the rows below the last offset: computes their numbers and scales, as {@link io.moe4j.api.ops.ScalingOps} defines them. Rows at or beyond the
     * last offset are neither read nor written: a block that includes some of them takes its scale from its other rows. Scales of blocks of such rows only are
     * undefined. Required of kernels that {@linkplain #supports support} a type with scales. Since SPI 1.2.
     *
     * @since 0.3.0
     */
    default void quantize(Stream stream, RowQuantization arguments) {
        throw new UnsupportedOperationException(getClass().getName() + " computes no scales of " + arguments.x_RI()
                + ": ExpertKernels.quantize is not implemented; ask supports first");
    }

    @Override
    void close();
}
