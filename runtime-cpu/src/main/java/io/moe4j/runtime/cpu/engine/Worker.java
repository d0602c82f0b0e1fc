package io.moe4j.runtime.cpu.engine;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread that helps with open loops. When there is none, it spins for a while, because the next loop often follows at once; then it sleeps. If other
 * programs need the cores, it sleeps at once.
 */
final class Worker {
    /** How long a worker spins before it sleeps: a spinning worker takes over work without a system call. */
    private static final long SPIN_NANOS = 200_000;

    private final CorePool pool;
    private final Thread thread;
    private volatile boolean asleep;

    Worker(CorePool pool, String name) {
        this.pool = pool;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Wakes the worker if it sleeps. Returns true in every case: the worker now looks for work. */
    boolean wake() {
        if (asleep) {
            asleep = false;
            LockSupport.unpark(thread);
        }
        return true;
    }

    void end() {
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Contention contention = pool.contention();
        long idleSince = contention.now();
        long looked = idleSince;
        while (!pool.isClosed()) {
            @Nullable Loop loop = pool.findWork();
            if (loop != null && pool.tryEnter()) {
                try {
                    loop.work(() -> !pool.isCrowded());
                } finally {
                    pool.leave();
                }
                idleSince = contention.now();
                looked = idleSince;
            } else if (pool.hasFreeCore() && looked - idleSince < SPIN_NANOS && !contention.isLikely()) {
                Thread.onSpinWait();
                looked = contention.look(looked);
            } else {
                sleep();
                idleSince = contention.now();
                looked = idleSince;
            }
        }
    }

    private void sleep() {
        asleep = true;
        if (pool.isClosed() || (pool.findWork() != null && pool.hasFreeCore())) {
            asleep = false;
            return;
        }
        LockSupport.park(this);
        asleep = false;
    }
}
