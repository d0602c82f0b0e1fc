package io.moe4j.trainer.update;

import io.moe4j.api.Stability;

/**
 * Consecutive elements of a unit's shard that one rule updates.
 *
 * @param from the first
 * @param to after the last
 */
@Stability(Stability.Level.INTERNAL)
public record Stretch(long from, long to, UpdateRule rule) {

    /** The elements that lie between two places, too; perhaps none. */
    Stretch within(long low, long high) {
        return new Stretch(Math.max(from, low), Math.max(Math.max(from, low), Math.min(to, high)), rule);
    }

    long elements() {
        return to - from;
    }
}
