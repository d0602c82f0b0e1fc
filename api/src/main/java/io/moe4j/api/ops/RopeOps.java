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

    /**
     * The same with explicit positions: token t is rotated by the angles of row positions[t] of the table, instead of row t mod S. Since version 1.4 of the
     * device SPI; a device of an earlier one refuses it.
     */
    default void rotateAt(Stream stream, AtPositions arguments) {
        throw new UnsupportedOperationException(
                "rotation at given positions came with version 1.4 of the device SPI, which "
                        + getClass().getName() + " does not implement; take a newer version of the device's plug-in");
    }

    /**
     * Arguments of {@link #rotateAt}.
     *
     * @param x_THR (T, H, R), R even; T and H may have strides
     * @param cosSin_SR F32 (S, R), in the layout of {@link #rotateHalves} or of {@link #rotate}
     * @param positions_T I32 (T), each in [0, S)
     * @param halves whether halves are rotated, or adjacent pairs
     * @param inverse rotate back: the adjoint
     * @param out_THR overwritten; T and H may have strides; may be {@code x_THR}
     * @since 0.2.0
     */
    record AtPositions(Tensor x_THR, Tensor cosSin_SR, Tensor positions_T, boolean halves, boolean inverse,
            Tensor out_THR) {

        /** Rotation of adjacent pairs. */
        public static AtPositions ofPairs(Tensor x_THR, Tensor cosSin_SR, Tensor positions_T, Tensor out_THR) {
            return new AtPositions(x_THR, cosSin_SR, positions_T, false, false, out_THR);
        }

        /** Rotation of halves. */
        public static AtPositions ofHalves(Tensor x_THR, Tensor cosSin_SR, Tensor positions_T, Tensor out_THR) {
            return new AtPositions(x_THR, cosSin_SR, positions_T, true, false, out_THR);
        }

        /** The same rotation, back if {@code back} is true. */
        public AtPositions withInverse(boolean back) {
            return new AtPositions(x_THR, cosSin_SR, positions_T, halves, back, out_THR);
        }
    }
}
