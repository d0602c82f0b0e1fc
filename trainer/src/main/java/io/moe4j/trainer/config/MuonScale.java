package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How Muon's learning rate depends on the shape of a matrix: a factor.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum MuonScale {
    /** √max(1, rows / columns), as Jordan published it. */
    ORIGINAL,
    /** 0.2 · √max(rows, columns), so that updates are as large as AdamW's, whose learning rate can then be used (Liu et al., 2025). */
    MATCH_RMS_ADAMW;

    /** The factor for a matrix of this shape. */
    public double factor(long rows, long columns) {
        return switch (this) {
            case ORIGINAL -> Math.sqrt(Math.max(1, (double) rows / columns));
            case MATCH_RMS_ADAMW -> 0.2 * Math.sqrt(Math.max(rows, columns));
        };
    }
}
