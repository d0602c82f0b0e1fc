package io.moe4j.trainer.run;

import io.moe4j.api.Stability;

/**
 * Ranks hold different copies of data that should be equal: a device has corrupted data without an error. The run can only be closed; its checkpoints are
 * whole.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RanksDisagreeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    RanksDisagreeException(String message) {
        super(message);
    }
}
