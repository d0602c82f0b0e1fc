package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * Which checkpoint of a run's folder is continued.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public enum ResumeFrom {
    /** The newest one; if it is damaged, nothing is started. */
    NEWEST,
    /** The newest one that is whole; damaged newer ones are renamed. */
    NEWEST_WHOLE
}
