package io.moe4j.trainer.checkpoint.store;

import io.moe4j.api.Stability;

/**
 * A checkpoint is not what was saved. The message names the file, what was expected and what was found; the caller adds the advice.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class DamageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DamageException(String message) {
        super(message);
    }
}
