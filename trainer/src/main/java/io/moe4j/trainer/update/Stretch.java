package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/**
 * Consecutive elements of a unit's shard that one rule updates.
 *
 * @param from index of the first element in the shard
 * @param to index after the last element
 */
@Stability(Stability.Level.INTERNAL)
public record Stretch(long from, long to, UpdateRule rule) {

    /** The elements of this stretch that lie between two indices; may be empty. */
    Stretch within(long low, long high) {
        return new Stretch(Math.max(from, low), Math.max(Math.max(from, low), Math.min(to, high)), rule);
    }

    long elements() {
        return to - from;
    }
}
