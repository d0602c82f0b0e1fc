package io.moe4j.api.group;

import io.moe4j.api.Stability;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A time limit for a wait for other ranks. It does not count the time in which this process is stopped (Ctrl-Z, SIGSTOP) or its machine sleeps. For
 * example, a limit of 60 s has run for 10 s when the process is stopped for an hour; when the process continues, 50 s are left.
 *
 * <p>The waiting thread checks {@link #expired()} at least every {@link #pauseMillis()}; of the time between two checks, at most one second counts.
 * An object is for one wait of one thread.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class WaitLimit {
    private static final long LONGEST_NANOS = 1_000_000_000L;
    private static final long PAUSE_NANOS = LONGEST_NANOS / 2;

    private final long limitNanos;
    private final LongSupplier nanoTime;
    private long lastLook;
    private long waitedNanos;

    WaitLimit(Duration limit, LongSupplier nanoTime) {
        limitNanos = limit.toNanos();
        this.nanoTime = nanoTime;
        lastLook = nanoTime.getAsLong();
    }

    /** A limit that begins now. */
    public static WaitLimit of(Duration limit) {
        return new WaitLimit(limit, System::nanoTime);
    }

    /** Whether the limit has passed. */
    public boolean expired() {
        long now = nanoTime.getAsLong();
        waitedNanos += Math.min(now - lastLook, LONGEST_NANOS);
        lastLook = now;
        return waitedNanos >= limitNanos;
    }

    /** The longest pause before the next check: at least 1 ms, at most half a second. */
    public long pauseMillis() {
        return Math.max(1, Math.ceilDiv(Math.min(limitNanos - waitedNanos, PAUSE_NANOS), 1_000_000L));
    }
}
