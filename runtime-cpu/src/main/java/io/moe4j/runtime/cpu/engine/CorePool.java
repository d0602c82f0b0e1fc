package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch.RangeBody;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The cores of a device, shared by its ranks. Each rank's thread works on its own loops; worker threads on cores that no rank uses at the moment help it. So a
 * single rank uses all cores; if there are as many ranks as cores, each has one; and while some ranks wait for others, their cores are not idle.
 *
 * <p>A thread that computes for the device is <em>busy</em>: a stream's thread between {@link #enter()} and {@link #leave()}, and a worker while it
 * helps. Workers help only while fewer threads are busy than there are cores. A loop ends when all its ranges are done. A thread that waits for this end waits
 * only for ranges that are already running, never for a range that has yet to begin, so loops may be nested.
 */
@Stability(Stability.Level.INTERNAL)
public final class CorePool implements WorkPool, AutoCloseable {
    private final int cores;
    private final Contention contention = new Contention();
    private final AtomicInteger busy = new AtomicInteger();
    private final Queue<Loop> open = new ConcurrentLinkedQueue<>();
    private final List<Worker> workers = new ArrayList<>();
    private volatile boolean closed;

    CorePool(String name, int cores) {
        this.cores = cores;
        for (int i = 1; i < cores; i++) {
            workers.add(new Worker(this, name + " worker " + i));
        }
        workers.forEach(Worker::start);
    }

    /** How many cores the pool uses. */
    public int cores() {
        return cores;
    }

    @Override
    public void parallelFor(long count, long grain, RangeBody body) {
        if (count <= 0) {
            return;
        }
        if (cores == 1 || count <= grain) {
            body.run(0, count);
            return;
        }
        Loop loop = new Loop(count, grain, this, body);
        open.add(loop);
        wake(loop.pieces() - 1);
        loop.work(() -> true);
        open.remove(loop);
        loop.finish();
    }

    /** Marks the calling thread as busy: it begins to compute. */
    void enter() {
        busy.incrementAndGet();
    }

    /** Marks the calling thread as not busy: it waits, or has finished its work, and its core is free for other threads. */
    void leave() {
        busy.decrementAndGet();
        if (!open.isEmpty()) {
            wake(1);
        }
    }

    /** Like {@link #enter()}, but only if a core is free; returns whether it was. */
    boolean tryEnter() {
        for (int now = busy.get(); now < cores; now = busy.get()) {
            if (busy.compareAndSet(now, now + 1)) {
                return true;
            }
        }
        return false;
    }

    /** Detects that other programs need the cores. */
    Contention contention() {
        return contention;
    }

    /** Whether fewer threads compute than there are cores. */
    boolean hasFreeCore() {
        return busy.get() < cores;
    }

    /** Whether more threads compute than there are cores, so that a helper should stop helping. */
    boolean isCrowded() {
        return busy.get() > cores;
    }

    /** A loop that has ranges left, if any. */
    @Nullable
    Loop findWork() {
        for (Loop loop : open) {
            if (loop.hasWork()) {
                return loop;
            }
        }
        return null;
    }

    boolean isClosed() {
        return closed;
    }

    private void wake(long most) {
        long helpers = Math.min(most, cores - busy.get());
        for (Worker worker : workers) {
            if (helpers <= 0) {
                return;
            }
            if (worker.wake()) {
                helpers--;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        workers.forEach(Worker::end);
    }
}
