package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;

/**
 * A rotary position embedding (Su et al., "RoFormer", 2021).
 *
 * @param rotation which elements are rotated together
 * @param dim R, rotated elements of a head, even
 * @param theta base of the frequencies
 * @param scaling how positions are scaled for longer texts
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record RotarySpec(Rotation rotation, long dim, double theta, RotaryScaling scaling) {

    public RotarySpec {
        if (dim < 2 || dim % 2 != 0 || !(theta > 1) || !Double.isFinite(theta)) {
            throw new IllegalArgumentException("rotary embedding of " + dim + " elements with theta " + theta
                    + ": the elements must be even and at least 2, theta above 1");
        }
    }
}
