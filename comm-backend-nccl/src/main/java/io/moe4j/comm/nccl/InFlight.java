package io.moe4j.comm.nccl;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * What the device has yet to do, in order. NCCL's kernels wait for the other ranks without a time limit; so the oldest work is looked at now and then, and
 * its time begins anew when it gets on.
 */
final class InFlight {
    private final long limitNanos;
    private final LongSupplier clock;
    private final Deque<Entry> entries = new ArrayDeque<>();
    /** Of the oldest. */
    private long done;
    private long since;

    private record Entry(BooleanSupplier isDone, Work work) {}

    /** @param clock nanoseconds since any moment */
    InFlight(Duration limit, LongSupplier clock) {
        this.limitNanos = limit.toNanos();
        this.clock = clock;
    }

    /** What was just enqueued. {@code isDone} is asked until it says so. */
    synchronized void add(BooleanSupplier isDone, Work work) {
        removeDone();
        entries.add(new Entry(isDone, work));
        if (entries.size() == 1) {
            restart();
        }
    }

    /** What the device is at, if it is past its time limit. */
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

    /** Work had to wait for what was before it: its time begins when that is done. */
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
