package io.moe4j.runtime.cpu.engine;

import java.util.function.LongSupplier;

/**
 * Notices that other programs need the cores. A thread that spins reads the clock again within a microsecond; if a millisecond has passed, the scheduler has
 * taken it off its core. Spinning then costs twice: the scheduler counts it as running time, so that the thread gets less time for work; and it occupies a
 * core on which a peer could compute. For a while after that, waiting threads sleep at once instead of spinning.
 *
 * <p>A pause of the garbage collector looks the same; then threads sleep a few times where spinning would have been faster.
 */
final class Contention {
    /** Longer than any spin, shorter than the time slices that Linux gives. */
    private static final long GAP_NANOS = 1_000_000;
    /** How long threads sleep at once after such a gap. Then they spin again, at the risk of losing another time slice. */
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

    /** Called repeatedly by a thread that spins, with the previous result; returns the time. Detects gaps. */
    long look(long before) {
        long now = clock.getAsLong();
        if (now - before > GAP_NANOS) {
            until = now + HOLDS_NANOS;
        }
        return now;
    }

    /** The time, to pass to the first {@link #look}. */
    long now() {
        return clock.getAsLong();
    }
}
