package io.moe4j.trainer.run;

import io.moe4j.api.Stability;

/**
 * The loss or the gradients' norm is NaN or infinite; the optimizer has not run. The message names the first segment with such a value.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class NonFiniteException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NonFiniteException(String message) {
        super(message);
    }

    /** The same, with a sentence about what has been done since. */
    NonFiniteException(NonFiniteException cause, String done) {
        super(cause.getMessage() + "; " + done, cause);
    }
}
