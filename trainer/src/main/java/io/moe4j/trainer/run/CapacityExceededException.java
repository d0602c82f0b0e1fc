package io.moe4j.trainer.run;

import io.moe4j.api.Stability;

/**
 * A rank was to receive more rows than it has room for. Parameters, moments and expert biases are as before the step; the run can be saved, and
 * continued with a higher capacity.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class CapacityExceededException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long requiredRows;
    private final long capacityRows;

    CapacityExceededException(String message, long requiredRows, long capacityRows) {
        super(message);
        this.requiredRows = requiredRows;
        this.capacityRows = capacityRows;
    }

    /** The same, with a sentence about what has been done since. */
    public CapacityExceededException(CapacityExceededException cause, String done) {
        super(cause.getMessage() + "; " + done, cause);
        requiredRows = cause.requiredRows;
        capacityRows = cause.capacityRows;
    }

    /** The number of rows that the rank was to receive. */
    public long requiredRows() {
        return requiredRows;
    }

    /** The number of rows that it has room for. */
    public long capacityRows() {
        return capacityRows;
    }
}
