package io.moe4j.comm.nccl;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Work that the device has not finished, in order. NCCL's kernels wait for the other ranks without a time limit. So the oldest work is checked
 * regularly, and its time starts again whenever it makes progress.
 */
final class InFlight {
    private final long limitNanos;
    private final LongSupplier clock;
    private final Deque<Entry> entries = new ArrayDeque<>();
    /** Finished calls of the oldest work; {@link #since} is when this number last changed. */
    private long done;
    private long since;

    private record Entry(BooleanSupplier isDone, Work work) {}

    /** @param clock nanoseconds since an arbitrary fixed moment */
    InFlight(Duration limit, LongSupplier clock) {
        this.limitNanos = limit.toNanos();
        this.clock = clock;
    }

    /** Adds work that was just enqueued. {@code isDone} is called until it returns true. */
    synchronized void add(BooleanSupplier isDone, Work work) {
        removeDone();
        entries.add(new Entry(isDone, work));
        if (entries.size() == 1) {
            restart();
        }
    }

    /** The call that the device is running, if it has exceeded the time limit. */
    synchronized Optional<String> overdue() {
        removeDone();
        Entry oldest = entries.peek();
        if (oldest == null) {
            return Optional.empty();
        }
        if (oldest.work.done() != done) {
            restart();
        }
        return clock.getAsLong() - since > limitNanos ? oldest.work.current() : Optional.empty();
    }

    /** Removes finished work. The next work had to wait for it, so its time starts now. */
    private void removeDone() {
        boolean found = false;
        while (!entries.isEmpty() && entries.peek().isDone.getAsBoolean()) {
            entries.remove();
            found = true;
        }
        if (found && !entries.isEmpty()) {
            restart();
        }
    }

    private void restart() {
        done = entries.element().work.done();
        since = clock.getAsLong();
    }
}
