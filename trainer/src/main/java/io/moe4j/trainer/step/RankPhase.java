package io.moe4j.trainer.step;

import io.moe4j.api.Stability;

/**
 * What a rank is doing, for the report of its failure. Written by the rank's thread, and read by any thread.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class RankPhase {
    private volatile String now = "opening";

    /** Enters a phase. */
    public void enter(String phase) {
        now = phase;
    }

    /** The current phase. */
    public String now() {
        return now;
    }
}
