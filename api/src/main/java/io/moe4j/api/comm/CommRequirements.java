package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * What a backend requires from a configuration. Start from {@link #none()}; components may be added in later minor versions.
 *
 * @param synchronisesWithHost whether forward or backward wait on the host, which rules out graph capture
 * @param needsFullRecompute whether received rows are no longer available in backward, because the backend has one buffer for each
 *     {@link ReceiveBuffer}, which the next dispatch into it overwrites. If false, rows stay unchanged until the scope in which they were received closes
 * @param needsPeerMemory whether {@link CommContext#peers()} must be given
 * @param needsCollectives whether {@link CommContext#collectives()} must be given
 * @param worstCaseOnly whether it supports only the capacity {@link ReceiveCapacity.WorstCase}, with which no row is ever dropped. Since SPI 1.2
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CommRequirements(boolean synchronisesWithHost, boolean needsFullRecompute, boolean needsPeerMemory,
        boolean needsCollectives, boolean worstCaseOnly) {

    /** The components of SPI 1.1. */
    public CommRequirements(boolean synchronisesWithHost, boolean needsFullRecompute, boolean needsPeerMemory,
            boolean needsCollectives) {
        this(synchronisesWithHost, needsFullRecompute, needsPeerMemory, needsCollectives, false);
    }

    /** No requirements and no restrictions. */
    public static CommRequirements none() {
        return new CommRequirements(false, false, false, false, false);
    }

    public CommRequirements withHostSynchronisation() {
        return new CommRequirements(true, needsFullRecompute, needsPeerMemory, needsCollectives, worstCaseOnly);
    }

    public CommRequirements withFullRecompute() {
        return new CommRequirements(synchronisesWithHost, true, needsPeerMemory, needsCollectives, worstCaseOnly);
    }

    public CommRequirements withPeerMemory() {
        return new CommRequirements(synchronisesWithHost, needsFullRecompute, true, needsCollectives, worstCaseOnly);
    }

    public CommRequirements withCollectives() {
        return new CommRequirements(synchronisesWithHost, needsFullRecompute, needsPeerMemory, true, worstCaseOnly);
    }

    /**
     * These requirements, and the worst case as the only capacity: configurations with another one are refused before anything is opened. Since SPI
     * 1.2.
     */
    public CommRequirements withWorstCaseOnly() {
        return new CommRequirements(synchronisesWithHost, needsFullRecompute, needsPeerMemory, needsCollectives, true);
    }
}
