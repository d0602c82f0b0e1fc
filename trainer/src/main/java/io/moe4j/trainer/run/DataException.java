package io.moe4j.trainer.run;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;

/**
 * The data of a step could not be read. Parameters, moments and expert biases are as before the step; the run can be saved, and continued when
 * the data has been corrected.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class DataException extends InputException {
    private static final long serialVersionUID = 1;

    DataException(String message) {
        super(message);
    }

    /** The same, with a sentence about what has been done since. */
    DataException(DataException cause, String done) {
        super(cause.getMessage() + "; " + done, cause);
    }
}
