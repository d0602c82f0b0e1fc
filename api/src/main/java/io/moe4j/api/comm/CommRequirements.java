package io.moe4j.api.comm;

import io.moe4j.api.Stability;

/**
 * What a backend needs of a configuration. Start from {@link #none()}; components may be added in later minor versions.
 *
 * @param synchronisesWithHost whether forward or backward wait on the host, which rules out graph capture
 * @param needsFullRecompute whether received rows are gone by the time of backward
 * @param needsPeerMemory whether {@link CommContext#peers()} must be given
 * @param needsCollectives whether {@link CommContext#collectives()} must be given
 */
@Stability(Stability.Level.EVOLVING)
public record CommRequirements(boolean synchronisesWithHost, boolean needsFullRecompute, boolean needsPeerMemory,
        boolean needsCollectives) {

    /** Needs nothing, rules out nothing. */
    public static CommRequirements none() {
        return new CommRequirements(false, false, false, false);
    }

    public CommRequirements withHostSynchronisation() {
        return new CommRequirements(true, needsFullRecompute, needsPeerMemory, needsCollectives);
    }

    public CommRequirements withFullRecompute() {
        return new CommRequirements(synchronisesWithHost, true, needsPeerMemory, needsCollectives);
    }

    public CommRequirements withPeerMemory() {
        return new CommRequirements(synchronisesWithHost, needsFullRecompute, true, needsCollectives);
    }

    public CommRequirements withCollectives() {
        return new CommRequirements(synchronisesWithHost, needsFullRecompute, needsPeerMemory, true);
    }
}
