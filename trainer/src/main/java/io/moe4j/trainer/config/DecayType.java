package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How the learning rate falls at the end of a run.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public enum DecayType {
    /** It does not fall. */
    CONSTANT,
    /** In a straight line. */
    LINEAR,
    /** Along half a cosine. */
    COSINE,
    /**
     * By 1 - √(the fraction of the decay's steps that are done): fast at first, slow at the end (Hägele et al., "Scaling Laws and Compute-Optimal Training
     * Beyond Fixed Training Durations", 2024).
     */
    SQRT
}
