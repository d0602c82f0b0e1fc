package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;

/**
 * Receives each token as soon as it is chosen.
 *
 * @since 0.3.0
 */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface TokenListener {

    /**
     * A token was chosen. Called on the thread that called {@link Generator#generate}.
     *
     * @return whether to go on
     */
    boolean accept(GeneratedToken token);
}
