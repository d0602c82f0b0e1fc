package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * What happens with a line of a JSONL file that is not an object with a text.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public enum BadLines {
    /** The run ends with an error that has the file, the line and the reason. */
    FAIL,
    /** The line is skipped, counted and reported. */
    SKIP
}
