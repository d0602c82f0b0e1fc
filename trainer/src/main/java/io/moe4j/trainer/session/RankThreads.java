package io.moe4j.trainer.session;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.WaitLimit;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.step.RankPhase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs one thread for each rank of this JVM. If a rank throws, all others are told at once, so that they stop waiting for it. Each of their waits has a
 * time limit, so that every call returns. Where code of a plug-in has none, its rank is told to have failed; and one that does not end in time after any
 * failure is left alone, with all that it may still use.
 */
final class RankThreads implements AutoCloseable {
    private static final long PAUSE_MILLIS = 500;

    private final Rendezvous rendezvous;
    private final Registry registry;
    private final Duration timeout;
    private final Map<Integer, RankThread> threads = new LinkedHashMap<>();
    private boolean left;

    /** @param timeout the longest that a rank waits for others, and that is waited for a rank after a failure */
    RankThreads(List<Integer> ranks, Rendezvous rendezvous, Registry registry, Duration timeout) {
        this.rendezvous = rendezvous;
        this.registry = registry;
        this.timeout = timeout;
        ranks.forEach(rank -> threads.put(rank, RankThread.of(rank)));
    }

    /** Whether threads were left that have not ended: what they may use must not be closed. */
    boolean areLeft() {
        return left;
    }

    /**
     * Runs a task on all ranks at the same time, and waits for all of them.
     *
     * @return the result of each rank, in order
     * @throws RunFailedException if one of them failed: the first one's error
     */
    <T> List<T> call(RankTask<T> task) {
        Map<Integer, Future<T>> running = new LinkedHashMap<>();
        threads.forEach((rank, thread) -> running.put(rank, thread.executor.submit(guarded(rank, thread, task))));
        List<T> results = new ArrayList<>();
        Map<Integer, Throwable> failures = new LinkedHashMap<>();
        Waiting waiting = new Waiting(running);
        running.forEach((rank, future) -> {
            try {
                if (hasEnded(rank, future, waiting)) {
                    results.add(future.resultNow());
                } else {
                    failures.put(rank, waiting.leave(rank));
                }
            } catch (ExecutionException e) {
                failures.put(rank, e.getCause() == null ? e : e.getCause());
            }
        });
        if (!failures.isEmpty()) {
            throw RunFailedException.of(rendezvous.failure(), failures);
        }
        return results;
    }

    /**
     * Waits for a rank. An interrupt stops the run but does not end this wait, because the ranks still use objects that the caller would then close;
     * they were told, and end soon.
     *
     * @return false if it has not ended, and is not waited for any longer
     */
    private boolean hasEnded(int rank, Future<?> future, Waiting waiting) throws ExecutionException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    future.get(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                    return true;
                } catch (TimeoutException e) {
                    if (waiting.isOver()) {
                        return false;
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                    rendezvous.fail(new RankFailure(rank, "a call of all ranks", "the run was interrupted"));
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** How long one call is waited for. */
    private final class Waiting {
        private final Map<Integer, Future<?>> running;
        private final Map<Integer, StillWatch> watches = new LinkedHashMap<>();
        private @Nullable WaitLimit afterFailure;

        Waiting(Map<Integer, ? extends Future<?>> running) {
            this.running = new LinkedHashMap<>(running);
            threads.forEach((rank, thread) -> watches.put(rank, new StillWatch(thread.thread(), registry, timeout)));
        }

        /** Asked about twice a second, until it is. */
        boolean isOver() {
            if (rendezvous.failure().isEmpty()) {
                watches.forEach((rank, watch) -> {
                    if (!isDone(rank)) {
                        watch.standsStill().ifPresent(what -> rendezvous
                                .fail(new RankFailure(rank, phase(rank), what)));
                    }
                });
                return false;
            }
            if (afterFailure == null) {
                afterFailure = WaitLimit.of(timeout);
            }
            return afterFailure.expired();
        }

        /** What is said of a rank that has not ended, which is left alone from now on. */
        IllegalStateException leave(int rank) {
            left = true;
            StillWatch watch = watches.get(rank);
            return new IllegalStateException("rank " + rank + " has not ended " + timeout.toMillis() / 1000.0
                    + " s after the failure, and is left as it is, with its memory: it is in " + phase(rank)
                    + (watch == null ? "" : ", " + watch.place()) + "; it ends with this process");
        }

        private boolean isDone(int rank) {
            Future<?> future = running.get(rank);
            return future == null || future.isDone();
        }

        private String phase(int rank) {
            RankThread thread = threads.get(rank);
            return thread == null ? "no phase" : thread.phase.now();
        }
    }

    private <T> Callable<T> guarded(int rank, RankThread thread, RankTask<T> task) {
        return () -> {
            try {
                return task.run(rank, thread.phase);
            } catch (Exception | Error e) {
                Throwable told = Linking.explained(registry, e);
                report(rendezvous, rank, thread.phase, told);
                if (told instanceof RuntimeException failure) {
                    throw failure;
                }
                throw e;
            }
        };
    }

    /** Tells all ranks of a failure, unless this rank has learnt of it from another one. */
    static void report(Rendezvous rendezvous, int rank, RankPhase phase, Throwable failure) {
        if (!(failure instanceof RankFailedException)) {
            String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
            rendezvous.fail(new RankFailure(rank, phase.now(), message));
        }
    }

    /** Ends the threads when their tasks are done. */
    @Override
    public void close() {
        threads.values().forEach(thread -> thread.executor.shutdown());
    }

    private record RankThread(ExecutorService executor, RankPhase phase, Thread thread) {

        static RankThread of(int rank) {
            ExecutorService executor = Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().name("rank " + rank).daemon().factory());
            CompletableFuture<Thread> started = new CompletableFuture<>();
            executor.execute(() -> started.complete(Thread.currentThread()));
            return new RankThread(executor, new RankPhase(), started.join());
        }
    }

    /** A task of a rank. */
    @FunctionalInterface
    interface RankTask<T> {
        T run(int rank, RankPhase phase) throws Exception;
    }
}
