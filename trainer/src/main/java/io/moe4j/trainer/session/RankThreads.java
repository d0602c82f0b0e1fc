package io.moe4j.trainer.session;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.trainer.step.RankPhase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;

/**
 * Runs one thread for each rank of this JVM. If a rank throws, all others are told at once, so that they stop waiting for it. Each of their waits has a
 * time limit, so that every call returns.
 */
final class RankThreads implements AutoCloseable {
    private final Rendezvous rendezvous;
    private final UnaryOperator<Throwable> explained;
    private final Map<Integer, RankThread> threads = new LinkedHashMap<>();

    /** @param explained turns a failure into the one to report */
    RankThreads(List<Integer> ranks, Rendezvous rendezvous, UnaryOperator<Throwable> explained) {
        this.rendezvous = rendezvous;
        this.explained = explained;
        ranks.forEach(rank -> threads.put(rank, new RankThread(Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("rank " + rank).daemon().factory()), new RankPhase())));
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
        running.forEach((rank, future) -> {
            try {
                results.add(await(rank, future));
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
     * Waits for the ranks. An interrupt stops the run but does not end this wait, because the ranks still use objects that the caller would then close;
     * they were told, and end soon.
     */
    private <T> T await(int rank, Future<T> future) throws ExecutionException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
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

    private <T> Callable<T> guarded(int rank, RankThread thread, RankTask<T> task) {
        return () -> {
            try {
                return task.run(rank, thread.phase);
            } catch (Exception | Error e) {
                Throwable told = explained.apply(e);
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

    private record RankThread(ExecutorService executor, RankPhase phase) {}

    /** A task of a rank. */
    @FunctionalInterface
    interface RankTask<T> {
        T run(int rank, RankPhase phase) throws Exception;
    }
}
