package io.moe4j.app.supervise;

import io.moe4j.app.terminal.TypedPath;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/** Starts the processes of a job, and restarts them after a failure, until the job is done, may not be restarted again, or was asked to end. */
public final class Supervisor {
    private static final int DONE = 0;
    private static final int FAILED = 1;
    private static final int BAD_INPUT = 2;
    private static final int STOPPED = 3;
    private static final int SHOWN_LINES = 10;
    private static final int MOST_CHARACTERS = 120;

    private final Job job;
    private final RankOutput output;
    private final Patience patience;
    private final CompletableFuture<Void> stop = new CompletableFuture<>();
    private final AtomicReference<Optional<Attempt>> current = new AtomicReference<>(Optional.empty());

    /** The job to supervise. */
    public interface Job {
        /**
         * The processes to start.
         *
         * @param restart 0 for the first start, 1 for the first restart
         */
        List<Child> children(int restart);

        /** The newest checkpoint, from which a restart would continue. */
        Optional<Path> newestCheckpoint();
    }

    public Supervisor(Job job, RankOutput output, Patience patience) {
        this.job = job;
        this.output = output;
        this.patience = patience;
    }

    /** Asks all processes to end, and allows no more restarts. May be called by any thread. */
    public void stop() {
        stop.complete(null);
    }

    /** Kills all processes. May be called by any thread. */
    public void kill() {
        stop();
        current.get().ifPresent(Attempt::kill);
    }

    /**
     * Runs the job.
     *
     * @param restarts whether it is started again after a failure
     * @return 0 if the job is done; 1 if a process has failed; 2 if one has refused its input; 3 if the processes were asked to end
     */
    public int run(RestartPolicy restarts) throws InterruptedException {
        int restart = 0;
        while (true) {
            AttemptEnd end = attempt(restart);
            if (end.isDone()) {
                return DONE;
            }
            Optional<ProcessEnd> cause = end.cause();
            if (cause.isEmpty()) {
                return STOPPED;
            }
            if (cause.get().isBadInput() || stop.isDone()) {
                tellEnd(cause.get(), "");
                return cause.get().isBadInput() ? BAD_INPUT : FAILED;
            }
            switch (restarts.failed(job.newestCheckpoint())) {
                case RestartPolicy.Decision.GiveUp(String reason) -> {
                    tellEnd(cause.get(), reason);
                    return FAILED;
                }
                case RestartPolicy.Decision.Restart next -> {
                    output.tell(cause.get().words() + shortError(cause.get()) + ": restart " + next.number() + " of "
                            + next.most() + " in " + next.delay().toSeconds() + " s, " + job.newestCheckpoint()
                                    .map(from -> "from " + TypedPath.of(from))
                                    .orElse("from the beginning: nothing was saved yet"));
                    if (stoppedWithin(next)) {
                        return STOPPED;
                    }
                    restart = next.number();
                }
            }
        }
    }

    private AttemptEnd attempt(int restart) throws InterruptedException {
        List<Child> children = job.children(restart);
        if (restart > 0) {
            children.forEach(child -> output.mark(child.ranks(), "--- restart " + restart + " ---"));
        }
        try (Attempt attempt = Attempt.start(children, output, patience)) {
            current.set(Optional.of(attempt));
            CompletableFuture<Void> ignored = stop.thenRun(attempt::stop);
            return attempt.await();
        } finally {
            current.set(Optional.empty());
        }
    }

    /** Waits before a restart. Returns whether the job was asked to end meanwhile. */
    private boolean stoppedWithin(RestartPolicy.Decision.Restart next) throws InterruptedException {
        try {
            stop.get(next.delay().toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a request to end cannot fail", e);
        }
    }

    /** Reports which process failed first, with its last lines: its own error may be far above, before the output of the others. */
    private void tellEnd(ProcessEnd cause, String reason) {
        if (cause.isBadInput()) {
            return;
        }
        List<String> lines = cause.lastLines();
        output.tell(cause.words() + ", and with it the run" + (reason.isEmpty() ? "" : ": " + reason)
                + (lines.isEmpty() ? "; it wrote nothing" : "; its last lines:"));
        lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size())
                .forEach(line -> output.tell("|   " + line));
    }

    /** Shortens an error to one line; the whole error was shown before. */
    private static String shortError(ProcessEnd cause) {
        return cause.error().map(error -> ": " + (error.length() <= MOST_CHARACTERS ? error
                : error.substring(0, MOST_CHARACTERS) + "…")).orElse("");
    }
}
