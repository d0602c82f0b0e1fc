package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * The form of the learning rate's curve after its warm-up.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum LrShape {
    /** It is constant, and falls over the last part of the run ({@code decay_ratio} or {@code decay_steps}) in the form of {@code decay_type}. */
    WARMUP_STABLE_DECAY,
    /** It falls from the warm-up to the last step, in a straight line. */
    LINEAR,
    /** It falls from the warm-up to the last step, along half a cosine. */
    COSINE,
    /** It is constant. */
    CONSTANT
}
