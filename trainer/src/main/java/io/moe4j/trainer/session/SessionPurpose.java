package io.moe4j.trainer.session;

import io.moe4j.api.Stability;

/**
 * The purpose of a session, which decides what its ranks hold.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum SessionPurpose {
    /** Ranks have an optimizer and make steps; they also evaluate, if {@code validation.interval} asks for that. */
    TRAINING,
    /** Ranks only evaluate: they have no moments and no step. */
    EVALUATION
}
