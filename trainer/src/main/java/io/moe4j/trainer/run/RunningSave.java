package io.moe4j.trainer.run;

import io.moe4j.trainer.checkpoint.SaveOutcome;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A saving that is under way on its own thread. */
final class RunningSave {
    private final FutureTask<SaveOutcome> task;
    private long heldNanos;

    private RunningSave(FutureTask<SaveOutcome> task, long heldNanos) {
        this.task = task;
        this.heldNanos = heldNanos;
    }

    /**
     * Begins.
     *
     * @param heldNanos nanoseconds for which the steps have been held up already
     */
    static RunningSave start(Callable<SaveOutcome> work, long step, long heldNanos) {
        FutureTask<SaveOutcome> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name("checkpoint of step " + step).start(task);
        return new RunningSave(task, heldNanos);
    }

    boolean isDone() {
        return task.isDone();
    }

    /**
     * Waits for its end. An interrupt does not end the waiting, because the saving uses objects that the caller would then close.
     *
     * @throws RuntimeException if another process has failed
     */
    SaveOutcome await() {
        long begin = System.nanoTime();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw e.getCause() instanceof RuntimeException cause ? cause
                            : new IllegalStateException("saving a checkpoint failed", e.getCause());
                }
            }
        } finally {
            heldNanos += System.nanoTime() - begin;
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Nanoseconds for which the steps were held up. */
    double heldSeconds() {
        return heldNanos / 1e9;
    }
}
