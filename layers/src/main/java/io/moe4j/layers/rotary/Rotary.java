package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;

/**
 * A rotary embedding with its angles on the device.
 *
 * @param rotation which elements are rotated together
 * @param cosSin_SR F32 (S, R): cosines and sines in the layout that {@link io.moe4j.api.ops.RopeOps} defines for this rotation
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Rotary(Rotation rotation, Tensor cosSin_SR) {

    /** Rotates x_THR by the angles of its positions; {@code out_THR} may be {@code x_THR}. */
    public void turn(Tape tape, Tensor x_THR, Tensor out_THR) {
        rotate(tape, x_THR, false, out_THR);
    }

    /** The adjoint of {@link #turn}: rotates gradients back. */
    public void turnBack(Tape tape, Tensor x_THR, Tensor out_THR) {
        rotate(tape, x_THR, true, out_THR);
    }

    private void rotate(Tape tape, Tensor x_THR, boolean inverse, Tensor out_THR) {
        switch (rotation) {
            case PAIRS -> tape.ops().rope().rotate(tape.stream(), x_THR, cosSin_SR, inverse, out_THR);
            case HALVES -> tape.ops().rope().rotateHalves(tape.stream(), x_THR, cosSin_SR, inverse, out_THR);
        }
    }
}
