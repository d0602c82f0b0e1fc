package io.moe4j.model.deepseek;

import io.moe4j.api.Stability;

/**
 * Multi-head latent attention (DeepSeek-V2, 2024): keys and values come from a latent that the heads share, and one rotary key serves all heads.
 *
 * @param heads H
 * @param query how queries are made
 * @param latent elements of the key-value latent
 * @param nope elements of a query or key that carry no position
 * @param rope elements that do, even
 * @param value V, elements of a value
 * @param theta base of the rotary frequencies
 * @param scaling how positions are stretched
 */
@Stability(Stability.Level.EVOLVING)
public record AttentionSpec(long heads, QueryProjection query, long latent, long nope, long rope, long value,
        double theta, RotaryScaling scaling) {

    public AttentionSpec {
        if (heads < 1 || latent < 1 || nope < 1 || rope < 2 || rope % 2 != 0 || value < 1 || !(theta > 1)) {
            throw new IllegalArgumentException("attention of " + heads + " heads, key-value latent " + latent
                    + ", head dims " + nope + " (nope), " + rope + " (rope), " + value + " (value), theta " + theta
                    + ": all must be positive, the rope dim even, and theta above 1");
        }
    }

    /** Q = nope + rope: elements of a query or key. */
    public long queryKey() {
        return nope + rope;
    }

    /** Factor of the scores: Q^-0.5, times m² under YaRN. */
    public float softmaxScale() {
        double m = switch (scaling) {
            case RotaryScaling.None() -> 1;
            case RotaryScaling.Yarn yarn -> 0.1 * yarn.mscale() * Math.log(yarn.factor()) + 1;
        };
        return (float) (m * m / Math.sqrt(queryKey()));
    }
}
