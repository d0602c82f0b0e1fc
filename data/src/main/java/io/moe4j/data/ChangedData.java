package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * What happens with a source whose files have changed since the checkpoint that is continued.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ChangedData {
    /** The run does not begin. */
    FAIL,
    /** The source begins its next epoch, with its current files. */
    RESTART
}
