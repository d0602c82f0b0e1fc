package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/**
 * Conversions between fp32 numbers and types that have scales. For each block of x with the largest absolute value m, in fp32, each division rounded once:
 *
 * <ul>
 * <li>scale = m / 448, at least 2⁻¹²⁶ (so a block of zeros has a scale too);
 * <li>stored number = the nearest e4m3 of x / scale, see {@link io.moe4j.api.tensor.Float8#round};
 * <li>and back: x = stored number · scale.
 * </ul>
 *
 * <p>The same on every device, bit for bit. A block with a NaN or an infinity becomes NaN: all of its elements.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ScalingOps {

    /**
     * Computes the scales and the stored numbers.
     *
     * @param x F32 or BF16; the elements of its rows are dense
     * @param scaled of the same shape, with scales: overwritten, and its scales too
     */
    void quantize(Stream stream, Tensor x, Tensor scaled);

    /**
     * Computes the scales and the stored numbers of the same x several times, with different blocks: gradients are needed with a scale for each 1 × 128 and
     * with a scale for each 128 × 1. A device may read x only once for all of them. Each result has the same bits as with {@link #quantize}.
     *
     * @param x as in {@link #quantize}
     * @param scaled each as in {@link #quantize}
     */
    default void quantizeEach(Stream stream, Tensor x, List<Tensor> scaled) {
        scaled.forEach(one -> quantize(stream, x, one));
    }

    /**
     * Multiplies by the scales, rounded once.
     *
     * @param scaled with scales; the elements of its rows are dense
     * @param x F32 or BF16, of the same shape: overwritten
     */
    void dequantize(Stream stream, Tensor scaled, Tensor x);
}
