package io.moe4j.runtime.cpu.engine;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs commands on a separate thread, as a GPU would. After a failure, no command runs until a waiting call has thrown that failure. Memory is
 * checked when a command is submitted, and again when it runs.
 */
final class ThreadQueue implements CommandQueue {
    private static final Logger log = LoggerFactory.getLogger(ThreadQueue.class);

    private final String name;
    private final CorePool pool;
    private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    /** How many commands and events were added and have not run to their end yet. */
    private final AtomicLong pending = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean ended;

    ThreadQueue(String name, CorePool pool) {
        this.name = name;
        this.pool = pool;
        Thread.ofPlatform().name(name).daemon().start(this::run);
    }

    private void run() {
        while (!ended) {
            try {
                queue.take().run();
            } catch (InterruptedException e) {
                log.debug("the thread of stream {} was interrupted, and continues", name);
            }
        }
    }

    private void enqueue(Runnable work) {
        pending.incrementAndGet();
        queue.add(() -> {
            try {
                work.run();
            } finally {
                pending.decrementAndGet();
            }
        });
    }

    @Override
    public void add(Command command) {
        enqueue(() -> {
            if (failure.get() != null) {
                return;
            }
            pool.enter();
            try {
                command.check(name);
                command.work().run();
            } catch (Throwable e) {
                failure.compareAndSet(null, e);
            } finally {
                pool.leave();
            }
        });
    }

    @Override
    public void addMarker(CpuEvent event) {
        enqueue(() -> {
            @Nullable Throwable failed = failure.get();
            if (failed == null) {
                event.reached();
            } else {
                event.missed(failed);
            }
        });
    }

    /** Does not wake the stream's thread if that has nothing left to do, because tests read many small tensors one after the other. */
    @Override
    public void drain() {
        if (pending.get() > 0) {
            CompletableFuture<Boolean> end = new CompletableFuture<>();
            queue.add(() -> end.complete(true));
            end.join();
        }
        Throwables.rethrow(failure.getAndSet(null));
    }

    @Override
    public boolean isImmediate() {
        return false;
    }

    @Override
    public void close() {
        CompletableFuture<Boolean> end = new CompletableFuture<>();
        queue.add(() -> {
            ended = true;
            end.complete(true);
        });
        end.join();
        @Nullable Throwable failed = failure.get();
        if (failed != null) {
            log.warn("stream {} was closed before this failure was seen", name, failed);
        }
    }
}
