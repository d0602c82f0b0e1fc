package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * RMSNorm (Zhang and Sennrich, 2019): y = x / sqrt(mean(x²) + eps) · weight.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface NormOps {

    /**
     * Normalises each row: y = x / sqrt(mean(x²) + eps) · weight.
     *
     * @param x_TD rows may have a stride
     * @param weight_D contiguous
     * @param eps added to the mean square
     * @param y_TD overwritten; rows may have a stride
     * @param rstd_T F32: 1 / sqrt(mean(x²) + eps), for the gradient
     */
    void forward(Stream stream, Tensor x_TD, Tensor weight_D, float eps, Tensor y_TD, Tensor rstd_T);

    /** Gradients with respect to x and weight. */
    void backward(Stream stream, Backward arguments);

    /**
     * Arguments of {@link #backward}.
     *
     * @param dy_TD gradient with respect to y
     * @param x_TD as in forward
     * @param weight_D as in forward
     * @param rstd_T from forward
     * @param dx_TD gradient with respect to x; rows may have a stride
     * @param accumulateDx whether to add to the old values of {@code dx_TD}
     * @param dweight_D F32 gradient with respect to weight
     * @param accumulateDweight whether to add to the old values of {@code dweight_D}
     * @param workspace {@code rmsNormBackward} bytes, if not zero
     */
    record Backward(Tensor dy_TD, Tensor x_TD, Tensor weight_D, Tensor rstd_T, Tensor dx_TD, boolean accumulateDx,
            Tensor dweight_D,
            boolean accumulateDweight, Optional<Tensor> workspace) {

        /** Overwrites both gradients, without a workspace. */
        public static Backward of(Tensor dy_TD, Tensor x_TD, Tensor weight_D, Tensor rstd_T, Tensor dx_TD,
                Tensor dweight_D) {
            return new Backward(dy_TD, x_TD, weight_D, rstd_T, dx_TD, false, dweight_D, false, Optional.empty());
        }

        /** Whether to add to what {@code dx_TD} and {@code dweight_D} hold. */
        public Backward withAccumulate(boolean dx, boolean dweight) {
            return new Backward(dy_TD, x_TD, weight_D, rstd_T, dx_TD, dx, dweight_D, dweight, workspace);
        }

        /** With a workspace. */
        public Backward withWorkspace(Tensor bytes) {
            return new Backward(dy_TD, x_TD, weight_D, rstd_T, dx_TD, accumulateDx, dweight_D, accumulateDweight,
                    Optional.of(bytes));
        }
    }
}
