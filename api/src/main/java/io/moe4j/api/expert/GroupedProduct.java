package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * Arguments of the grouped products. Row tensors are (R_max, ·) with a row stride; their last dimension is dense. {@code offsets_e} is I32 (e),
 * inclusive running sums. Rows and weights that are multiplied can have {@linkplain Tensor#scales() scales}, both or none; the sums then run as in
 * {@link io.moe4j.api.ops.MatmulOps#matmul}, and results are F32 or BF16. In a weight gradient, a run also ends with the rows of its expert.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class GroupedProduct {

    private GroupedProduct() {}

    private static void check(Tensor left, Tensor right, Tensor result) {
        left.requireScales("the left operand of a grouped product");
        right.requireScales("the right operand of a grouped product");
        if (result.dtype().isScaled()) {
            throw new IllegalArgumentException("a grouped product of " + left + " and " + right + " into " + result
                    + ": sums have no scales; give an F32 or BF16 result, and quantize it afterwards");
        }
    }

    /**
     * Arguments of y[r] = w[expert of r] · x[r].
     *
     * @param x_RI rows of I elements
     * @param w_eOI an (O, I) matrix for each local expert
     * @param offsets_e I32
     * @param y_RO rows of O elements, overwritten
     */
    public record Forward(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO) {

        public Forward {
            check(x_RI, w_eOI, y_RO);
        }

        /** y[r] = w[expert of r] · x[r]. */
        public static Forward of(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO) {
            return new Forward(x_RI, w_eOI, offsets_e, y_RO);
        }
    }

    /**
     * Arguments of dx[r] = w[expert of r]ᵀ · dy[r].
     *
     * @param dy_RO rows of O elements
     * @param w_eOI an (O, I) matrix for each local expert
     * @param offsets_e I32
     * @param dx_RI rows of I elements, overwritten
     */
    public record InputGradient(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI) {

        public InputGradient {
            check(dy_RO, w_eOI, dx_RI);
        }

        /** dx[r] = w[expert of r]ᵀ · dy[r]. */
        public static InputGradient of(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI) {
            return new InputGradient(dy_RO, w_eOI, offsets_e, dx_RI);
        }
    }

    /**
     * Arguments of dw[e] = Σ dy[r] · x[r]ᵀ over the rows r of expert e.
     *
     * @param dy_RO rows of O elements
     * @param x_RI rows of I elements
     * @param offsets_e I32
     * @param dw_eOI F32 or BF16
     * @param accumulate whether to add to what {@code dw_eOI} holds
     */
    public record WeightGradient(Tensor dy_RO, Tensor x_RI, Tensor offsets_e, Tensor dw_eOI, boolean accumulate) {

        public WeightGradient {
            check(dy_RO, x_RI, dw_eOI);
        }

        /** dw[e] = Σ dy[r] · x[r]ᵀ over the rows r of expert e, overwritten. */
        public static WeightGradient of(Tensor dy_RO, Tensor x_RI, Tensor offsets_e, Tensor dw_eOI) {
            return new WeightGradient(dy_RO, x_RI, offsets_e, dw_eOI, false);
        }

        /** The same, added to what {@code dw_eOI} holds or not. */
        public WeightGradient withAccumulate(boolean added) {
            return new WeightGradient(dy_RO, x_RI, offsets_e, dw_eOI, added);
        }
    }
}
