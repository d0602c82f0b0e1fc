package io.moe4j.api.comm.support;

import io.moe4j.api.Stability;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The memory of dispatches that keep their rows, as a stack of places: the place that was released last is taken next. Ranks that take and release in the
 * same order get the same places; a step that releases all its places in the reverse order gets the same places as the step before. Belongs to one rank.
 *
 * @param <P> the type of a place
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class KeptRows<P> {
    private final int count;
    private final Deque<P> free;

    /** All places, of which none is taken. */
    public KeptRows(List<P> places) {
        count = places.size();
        free = new ArrayDeque<>(places);
    }

    /**
     * Takes a place.
     *
     * @throws IllegalStateException if all are taken
     */
    public P take() {
        P place = free.pollFirst();
        if (place == null) {
            throw new IllegalStateException("a dispatch that keeps its rows, but those of " + count
                    + " dispatches are kept already, which is all that there is memory for; release some first, or open"
                    + " the backend with more CommConfig.keptDispatches");
        }
        return place;
    }

    /** Gives a place back. */
    public void release(P place) {
        free.addFirst(place);
    }
}
