package io.moe4j.api.expert;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * Arguments of the grouped products. Row tensors are (R_max, ·) with a row stride; their rows are dense, or, if they have scales, their rows or their columns:
 * products are fastest if the numbers that a sum runs along are dense. {@code offsets_e} is I32 (e), inclusive running sums. The two operands can have
 * {@linkplain Tensor#scales() scales}, both or none; the terms are then summed in runs, as in {@link io.moe4j.api.ops.MatmulOps#matmul}, and results are F32
 * or BF16. In a weight gradient, a run also ends with the rows of its expert.
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

    private static void checkAdded(Tensor w_eOI, Tensor result, boolean accumulate) {
        if (accumulate && w_eOI.scales().isPresent()) {
            throw new IllegalArgumentException("a grouped product of " + w_eOI + " that is added to " + result
                    + ": products of operands with scales are not added; add them afterwards");
        }
    }

    /**
     * Arguments of y[r] = w[expert of r] · x[r].
     *
     * @param x_RI rows of I elements
     * @param w_eOI an (O, I) matrix for each local expert
     * @param offsets_e I32
     * @param y_RO rows of O elements, overwritten or added to
     * @param before_1 I32: of the first expert that has rows here, how many rows were computed in earlier calls, if an expert's rows are computed in parts;
     *     absent for none. A row must get the same bits as if all rows of its expert were computed in one call. Since SPI 1.2
     * @param accumulate whether to add to the old values of the result; the sum is rounded once. Not with operands that have scales. Since SPI 1.2
     */
    public record Forward(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO,
            Optional<Tensor> before_1, boolean accumulate) {

        public Forward {
            check(x_RI, w_eOI, y_RO);
            checkAdded(w_eOI, y_RO, accumulate);
        }

        /** Without accumulation: the result is overwritten. */
        public Forward(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO,
                Optional<Tensor> before_1) {
            this(x_RI, w_eOI, offsets_e, y_RO, before_1, false);
        }

        /** The components of SPI 1.1: no rows were computed before. */
        public Forward(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO) {
            this(x_RI, w_eOI, offsets_e, y_RO, Optional.empty());
        }

        /** y[r] = w[expert of r] · x[r]. */
        public static Forward of(Tensor x_RI, Tensor w_eOI, Tensor offsets_e, Tensor y_RO) {
            return new Forward(x_RI, w_eOI, offsets_e, y_RO);
        }

        /**
         * The same, for a part of the rows of an expert.
         *
         * @since 0.3.0
         */
        public Forward withBefore(Optional<Tensor> rowsBefore_1) {
            return new Forward(x_RI, w_eOI, offsets_e, y_RO, rowsBefore_1, accumulate);
        }

        /**
         * The same, with or without adding to the old values of the result.
         *
         * @since 0.3.0
         */
        public Forward withAccumulate(boolean added) {
            return new Forward(x_RI, w_eOI, offsets_e, y_RO, before_1, added);
        }
    }

    /**
     * Arguments of dx[r] = w[expert of r]ᵀ · dy[r].
     *
     * @param dy_RO rows of O elements
     * @param w_eOI an (O, I) matrix for each local expert
     * @param offsets_e I32
     * @param dx_RI rows of I elements, overwritten or added to
     * @param before_1 I32: of the first expert that has rows here, how many rows were computed in earlier calls, if an expert's rows are computed in parts;
     *     absent for none. A row must get the same bits as if all rows of its expert were computed in one call. Since SPI 1.2
     * @param accumulate whether to add to the old values of the result; the sum is rounded once. Not with operands that have scales. Since SPI 1.2
     */
    public record InputGradient(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI,
            Optional<Tensor> before_1, boolean accumulate) {

        public InputGradient {
            check(dy_RO, w_eOI, dx_RI);
            checkAdded(w_eOI, dx_RI, accumulate);
        }

        /** Without accumulation: the result is overwritten. */
        public InputGradient(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI,
                Optional<Tensor> before_1) {
            this(dy_RO, w_eOI, offsets_e, dx_RI, before_1, false);
        }

        /** The components of SPI 1.1: no rows were computed before. */
        public InputGradient(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI) {
            this(dy_RO, w_eOI, offsets_e, dx_RI, Optional.empty());
        }

        /** dx[r] = w[expert of r]ᵀ · dy[r]. */
        public static InputGradient of(Tensor dy_RO, Tensor w_eOI, Tensor offsets_e, Tensor dx_RI) {
            return new InputGradient(dy_RO, w_eOI, offsets_e, dx_RI);
        }

        /**
         * The same, for a part of the rows of an expert.
         *
         * @since 0.3.0
         */
        public InputGradient withBefore(Optional<Tensor> rowsBefore_1) {
            return new InputGradient(dy_RO, w_eOI, offsets_e, dx_RI, rowsBefore_1, accumulate);
        }

        /**
         * The same, with or without adding to the old values of the result.
         *
         * @since 0.3.0
         */
        public InputGradient withAccumulate(boolean added) {
            return new InputGradient(dy_RO, w_eOI, offsets_e, dx_RI, before_1, added);
        }
    }

    /**
     * Arguments of dw[e] = Σ dy[r] · x[r]ᵀ over the rows r of expert e.
     *
     * @param dy_RO rows of O elements
     * @param x_RI rows of I elements
     * @param offsets_e I32
     * @param dw_eOI F32 or BF16
     * @param accumulate whether to add to the old values of {@code dw_eOI}
     */
    public record WeightGradient(Tensor dy_RO, Tensor x_RI, Tensor offsets_e, Tensor dw_eOI, boolean accumulate) {

        public WeightGradient {
            check(dy_RO, x_RI, dw_eOI);
        }

        /** dw[e] = Σ dy[r] · x[r]ᵀ over the rows r of expert e, overwritten. */
        public static WeightGradient of(Tensor dy_RO, Tensor x_RI, Tensor offsets_e, Tensor dw_eOI) {
            return new WeightGradient(dy_RO, x_RI, offsets_e, dw_eOI, false);
        }

        /** The same, with or without adding to the old values of {@code dw_eOI}. */
        public WeightGradient withAccumulate(boolean added) {
            return new WeightGradient(dy_RO, x_RI, offsets_e, dw_eOI, added);
        }
    }
}
