package io.moe4j.api.ops.support;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;

/**
 * A matrix of 8-bit numbers with scales, as an operand of products: sums run along its inner dimension.
 *
 * @param numbers address of element (0, 0)
 * @param outerStride bytes from an element to the next along the outer dimension
 * @param innerStride bytes from an element to the next along the inner dimension
 * @param scales address of the scale of element (0, 0)
 * @param outerScales bytes from a scale to the next along the outer dimension
 * @param innerScales bytes from a scale to the next along the inner dimension
 * @param outerBlock elements along the outer dimension that share a scale
 * @param innerBlock elements along the inner dimension that share a scale
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ScaledOperand(long numbers, long outerStride, long innerStride, long scales, long outerScales,
        long innerScales, long outerBlock, long innerBlock) {

    /** A tensor of 1 to 3 dimensions as a stack of matrices: a row is a matrix, and a matrix is a stack of one. */
    public static Tensor stack(Tensor tensor) {
        return switch (tensor.rank()) {
            case 1 -> tensor.strided(new long[] {1, 1, tensor.dim(0)}, new long[] {0, 0, tensor.stride(0)});
            case 2 -> tensor.strided(new long[] {1, tensor.dim(0), tensor.dim(1)},
                    new long[] {0, tensor.stride(0), tensor.stride(1)});
            default -> tensor;
        };
    }

    /** A matrix with scales, whose sums run along its rows. */
    public static ScaledOperand of(Tensor matrix) {
        Scales scales = matrix.scales().orElseThrow();
        Tensor values = scales.values();
        return new ScaledOperand(matrix.address(), matrix.stride(0), matrix.stride(1), values.address(),
                values.stride(0) * Float.BYTES, values.stride(1) * Float.BYTES, scales.block().get(0),
                scales.block().get(1));
    }

    /** The same matrix, whose sums run along its columns. */
    public ScaledOperand transposed() {
        return new ScaledOperand(numbers, innerStride, outerStride, scales, innerScales, outerScales, innerBlock,
                outerBlock);
    }

    long number(long outer, long inner) {
        return numbers + outer * outerStride + inner * innerStride;
    }

    long scale(long outer, long inner) {
        return scales + outer / outerBlock * outerScales + inner / innerBlock * innerScales;
    }

    /** The first index after {@code inner} at which the scale may change. */
    long end(long inner) {
        return (inner / innerBlock + 1) * innerBlock;
    }
}
