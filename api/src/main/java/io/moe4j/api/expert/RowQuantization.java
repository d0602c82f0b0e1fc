package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/**
 * Arguments of {@link ExpertKernels#quantize}.
 *
 * @param x_RI rows of I dense elements, F32 or BF16; or rows that already have scales, because they were received so: their elements are the numbers times
 *     the scales, in fp32. Rows may have a stride
 * @param offsets_e I32 (e), inclusive running sums
 * @param results each of x's shape, with dense rows or dense columns, with scales: overwritten. A block is 1 × 128 or 128 × 1, counted from row 0,
 *     wherever the rows of an expert begin
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record RowQuantization(Tensor x_RI, Tensor offsets_e, List<Tensor> results) {

    public RowQuantization {
        results = List.copyOf(results);
        x_RI.requireScales("x_RI of a quantization");
        for (Tensor result : results) {
            if (!result.dtype().isScaled() || !result.shape().equals(x_RI.shape())
                    || !isDense(result)) {
                throw new IllegalArgumentException("a quantization of " + x_RI + " into " + result
                        + ": the result must have dense rows or dense columns, the same shape, and a type with scales");
            }
            result.requireScales("the result of a quantization");
        }
    }

    private static boolean isDense(Tensor result) {
        return result.rank() == 2 && (result.stride(1) == 1 || result.stride(0) == 1 || result.elements() <= 1);
    }

    /** With one result or several. */
    public static RowQuantization of(Tensor x_RI, Tensor offsets_e, Tensor... results) {
        return new RowQuantization(x_RI, offsets_e, List.of(results));
    }
}
