package io.moe4j.trainer.run;

import io.moe4j.api.Stability;

/**
 * The folder that a run writes to was removed or replaced while it ran.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class OutputLostException extends RuntimeException {
    private static final long serialVersionUID = 1;

    OutputLostException(String message) {
        super(message);
    }
}
