package io.moe4j.trainer.config;

import io.moe4j.api.Stability;

/**
 * How Muon's learning rate depends on the shape of a matrix: a factor.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public enum MuonScale {
    /** √max(1, rows / columns), as in Jordan's publication of Muon (2024). */
    ORIGINAL,
    /**
     * 0.2 · √max(rows, columns): updates are as large as AdamW's, so that AdamW's learning rate can be used (Liu et al., "Muon is Scalable for LLM Training",
     * 2025).
     */
    MATCH_RMS_ADAMW;

    /** The factor for a matrix of this shape. */
    public double factor(long rows, long columns) {
        return switch (this) {
            case ORIGINAL -> Math.sqrt(Math.max(1, (double) rows / columns));
            case MATCH_RMS_ADAMW -> 0.2 * Math.sqrt(Math.max(rows, columns));
        };
    }
}
