package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How parameters are rounded after an update.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ParameterRounding {
    /** To the nearest value. */
    NEAREST,
    /** Up or down at random, so that the mean is exact; for bfloat16. */
    STOCHASTIC
}
