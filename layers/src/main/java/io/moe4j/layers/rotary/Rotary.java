package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.DocumentStarts;
import java.util.Optional;

/**
 * A rotary embedding with its angles on the device. Tokens are at the positions 0 to S − 1 of their sequence, unless positions are given.
 *
 * @param rotation which elements are rotated together
 * @param cosSin_SR F32 (S, R): cosines and sines in the layout that {@link io.moe4j.api.ops.RopeOps} defines for this rotation
 * @param positions_T I32 (T): the position of each token; absent if token t is at t mod S
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record Rotary(Rotation rotation, Tensor cosSin_SR, Optional<Tensor> positions_T) {

    /** With tokens at the positions of their sequence. */
    public Rotary(Rotation rotation, Tensor cosSin_SR) {
        this(rotation, cosSin_SR, Optional.empty());
    }

    /** The same embedding, with positions that begin again with each document. */
    public Rotary within(Optional<DocumentStarts> documents) {
        return new Rotary(rotation, cosSin_SR, documents.map(DocumentStarts::positions_T));
    }

    /** Rotates x_THR by the angles of its positions; {@code out_THR} may be {@code x_THR}. */
    public void turn(Tape tape, Tensor x_THR, Tensor out_THR) {
        rotate(tape, x_THR, false, out_THR);
    }

    /** The adjoint of {@link #turn}: rotates gradients back. */
    public void turnBack(Tape tape, Tensor x_THR, Tensor out_THR) {
        rotate(tape, x_THR, true, out_THR);
    }

    private void rotate(Tape tape, Tensor x_THR, boolean inverse, Tensor out_THR) {
        if (positions_T.isPresent()) {
            RopeOps.AtPositions at = switch (rotation) {
                case PAIRS -> RopeOps.AtPositions.ofPairs(x_THR, cosSin_SR, positions_T.get(), out_THR);
                case HALVES -> RopeOps.AtPositions.ofHalves(x_THR, cosSin_SR, positions_T.get(), out_THR);
            };
            tape.ops().rope().rotateAt(tape.stream(), at.withInverse(inverse));
            return;
        }
        switch (rotation) {
            case PAIRS -> tape.ops().rope().rotate(tape.stream(), x_THR, cosSin_SR, inverse, out_THR);
            case HALVES -> tape.ops().rope().rotateHalves(tape.stream(), x_THR, cosSin_SR, inverse, out_THR);
        }
    }
}
