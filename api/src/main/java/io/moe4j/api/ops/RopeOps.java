package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * Rotary position embedding (Su et al., 2021), on adjacent pairs or on halves. Here R is the number of rotated elements of a head.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface RopeOps {

    /**
     * out[t, h, 2i..2i+1] = rotation by the angle of (t mod S, i) of x[t, h, 2i..2i+1]. {@code out} may be {@code x}.
     *
     * @param x_THR (T, H, R), R even; T and H may have strides
     * @param cosSin_SR F32 (S, R): cos and sin of angle i at columns 2i and 2i + 1
     * @param inverse rotate back: the adjoint
     * @param out_THR overwritten; T and H may have strides
     */
    void rotate(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR);

    /**
     * The same on halves: elements i and R/2 + i of x[t, h] are rotated together, by the angle of (t mod S, i). {@code out} may be {@code x}. Since
     * version 1.3 of the device SPI; a device of an earlier one refuses it.
     *
     * @param x_THR (T, H, R), R even; T and H may have strides
     * @param cosSin_SR F32 (S, R): cos and sin of angle i at columns i and R/2 + i
     * @param inverse rotate back: the adjoint
     * @param out_THR overwritten; T and H may have strides
     */
    default void rotateHalves(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        throw new UnsupportedOperationException("rotation by halves came with version 1.3 of the device SPI, which "
                + getClass().getName() + " does not implement; take a newer version of the device's plug-in");
    }
}
