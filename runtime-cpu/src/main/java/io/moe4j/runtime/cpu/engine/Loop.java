package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.CpuLaunch.RangeBody;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A parallel loop. Threads claim ranges, large ones first, so that there are few claims, and all threads end at about the same time. */
final class Loop {
    /** The least number of ranges that a core gets on average. */
    private static final long SHARE = 4;
    private static final int SPINS = 2000;
    private static final int YIELDS = 2050;
    private static final long NAP_NANOS = 100_000;

    private final long count;
    private final long grain;
    private final long divisor;
    private final RangeBody body;
    private final Contention contention;
    private final AtomicLong next = new AtomicLong();
    private final AtomicLong done = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile @Nullable Thread waiting;

    Loop(long count, long grain, CorePool pool, RangeBody body) {
        this.count = count;
        this.grain = Math.max(1, grain);
        this.divisor = SHARE * pool.cores();
        this.contention = pool.contention();
        this.body = body;
    }

    /** The largest possible number of ranges. */
    long pieces() {
        return Math.ceilDiv(count, grain);
    }

    boolean hasWork() {
        return next.get() < count;
    }

    /** Claims and runs ranges while some are left and {@code goOn} returns true. */
    void work(BooleanSupplier goOn) {
        for (long from = next.get(); from < count && goOn.getAsBoolean(); from = next.get()) {
            long to = Math.min(count, from + Math.max(grain, (count - from) / divisor));
            if (next.compareAndSet(from, to)) {
                run(from, to);
            }
        }
    }

    private void run(long from, long to) {
        long handled = to - from;
        try {
            body.run(from, to);
        } catch (Throwable e) {
            failure.compareAndSet(null, e);
            // The remaining ranges are not needed any more.
            handled += count - Math.min(count, next.getAndSet(count));
        }
        @Nullable Thread waiter = done.addAndGet(handled) == count ? waiting : null;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        }
    }

    /** Waits for ranges that other threads run; throws the failure of the first range that failed. */
    @SuppressWarnings("ThreadPriorityCheck") // gives the core away only while it has nothing to do
    void finish() {
        long looked = contention.now();
        for (int i = 0; done.get() < count; i++) {
            if (i < YIELDS && !contention.isLikely()) {
                if (i < SPINS) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
                looked = contention.look(looked);
            } else {
                waiting = Thread.currentThread();
                if (done.get() < count) {
                    LockSupport.parkNanos(this, NAP_NANOS);
                }
            }
        }
        Throwables.rethrow(failure.get());
    }
}
