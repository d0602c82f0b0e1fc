package io.moe4j.runtime.cpu.engine;

import java.util.function.LongSupplier;

/**
 * Notices that other programs want the cores. A thread that spins reads the clock again within a microsecond; if a millisecond has passed, it was
 * taken off its core. Spinning then costs twice: the time is charged to the thread, which so gets less of it for work, and the core is missing where a peer
 * computes. For a while after that, threads that wait sleep at once.
 *
 * <p>A pause of the garbage collector looks the same; it costs a few sleeps where spins would have been faster.
 */
final class Contention {
    /** Longer than any spin, shorter than the time slices that Linux gives. */
    private static final long GAP_NANOS = 1_000_000;
    /** How long a finding holds. Looking again costs one slice, now and then. */
    private static final long HOLDS_NANOS = 200_000_000;

    private final LongSupplier clock;
    private volatile long until;

    Contention() {
        this(System::nanoTime);
    }

    /** @param clock nanoseconds, from any origin */
    Contention(LongSupplier clock) {
        this.clock = clock;
        until = clock.getAsLong();
    }

    /** Whether waiting threads should sleep rather than spin. */
    boolean isLikely() {
        return clock.getAsLong() - until < 0;
    }

    /** A look at the clock while a thread spins; pass what the look before gave. */
    long look(long before) {
        long now = clock.getAsLong();
        if (now - before > GAP_NANOS) {
            until = now + HOLDS_NANOS;
        }
        return now;
    }

    /** The time, to begin with. */
    long now() {
        return clock.getAsLong();
    }
}
