package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * Arguments of the grouped products. Row tensors are (R_max, ·) with a row stride; their last dimension is dense. {@code offsets_e} is I32 (e),
 * inclusive running sums.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class GroupedProduct {

    private GroupedProduct() {}

    /**
     * Arguments of y[r] = w[expert of r] · x[r].
     *
     * @param x_RI rows of I elements
     * @param w_eOI an (O, I) matrix for each local expert
     * @param offsets_e I32
     * @param y_RO rows of O elements, overwritten
     */
    public record Forward(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO) {

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
