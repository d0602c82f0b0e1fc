package io.moe4j.trainer.run;

import io.moe4j.trainer.checkpoint.CheckpointSave;
import io.moe4j.trainer.checkpoint.SaveOutcome;
import io.moe4j.trainer.checkpoint.StateWriting;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * A saving that is under way on its own thread: first the checkpoint is written, and then old ones are removed. The next saving may copy the state while this
 * one removes checkpoints, but begins to write only after this one has ended, so that the operations in the folder of checkpoints keep their order.
 */
final class RunningSave {
    private final FutureTask<SaveOutcome> writing;
    private final FutureTask<List<String>> removal;
    private long heldNanos;

    private RunningSave(FutureTask<SaveOutcome> writing, FutureTask<List<String>> removal, long heldNanos) {
        this.writing = writing;
        this.removal = removal;
        this.heldNanos = heldNanos;
    }

    /**
     * Begins.
     *
     * @param earlier the saving before, if it may still remove old checkpoints
     * @param heldNanos nanoseconds for which the steps have been held up already
     */
    static RunningSave start(CheckpointSave save, StateWriting source, Optional<RunningSave> earlier, long step,
            long heldNanos) {
        FutureTask<SaveOutcome> writing = new FutureTask<>(
                () -> save.run(source, () -> earlier.ifPresent(RunningSave::awaitRemoval)));
        FutureTask<List<String>> removal = new FutureTask<>(
                () -> await(writing).failure().isPresent() ? List.of() : save.removeOld());
        Thread.ofPlatform().daemon().name("checkpoint of step " + step).start(() -> {
            writing.run();
            removal.run();
        });
        return new RunningSave(writing, removal, heldNanos);
    }

    /** Whether it has ended, the removal of old checkpoints included. */
    boolean isDone() {
        return removal.isDone();
    }

    /**
     * Waits until the checkpoint is durable, or has failed. An interrupt does not end the waiting, because the saving uses objects that the caller would then
     * close.
     *
     * @throws RuntimeException if another process has failed
     */
    SaveOutcome await() {
        long begin = System.nanoTime();
        try {
            return await(writing);
        } finally {
            heldNanos += System.nanoTime() - begin;
        }
    }

    /**
     * Waits until old checkpoints are removed. Like {@link #await()}, but the time does not count as {@link #heldSeconds}.
     *
     * @return those that could not be removed, and why; known to the process of rank 0
     */
    List<String> awaitRemoval() {
        return await(removal);
    }

    /** Seconds for which the steps were held up. */
    double heldSeconds() {
        return heldNanos / 1e9;
    }

    private static <T> T await(Future<T> task) {
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
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
