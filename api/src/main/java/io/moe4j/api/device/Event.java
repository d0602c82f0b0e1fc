package io.moe4j.api.device;

import io.moe4j.api.Stability;

/**
 * A point in a stream, made by {@link Stream#record()}; another stream waits for it with {@link Stream#await}.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface Event {

    /**
     * Seconds from {@code start} to this event; waits for both, and is meant for benchmarks.
     *
     * @throws IllegalStateException if either was recorded in a capture
     */
    double secondsSince(Event start);
}
