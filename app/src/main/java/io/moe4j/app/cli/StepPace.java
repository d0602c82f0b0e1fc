package io.moe4j.app.cli;

import io.moe4j.app.terminal.ProgressLine;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Measures how fast steps follow each other, for the progress line. The first step records a graph and takes longer; it is ignored as soon as there is
 * another step.
 */
final class StepPace {
    private static final int REMEMBERED = 20;

    private final LongSupplier nanoTime;
    private final long steps;
    private final Deque<Long> nanos = new ArrayDeque<>();
    private long seen;
    private long done;
    private long since;
    private String figure = "";
    private String note = "";
    private String between = "";

    /**
     * @param done number of steps that are done
     * @param steps number of steps of the whole run
     */
    StepPace(long done, long steps, LongSupplier nanoTime) {
        this.done = done;
        this.steps = steps;
        this.nanoTime = nanoTime;
        since = nanoTime.getAsLong();
    }

    /**
     * A step is done.
     *
     * @param shown a figure of the step, for the line
     */
    synchronized void done(long step, String shown) {
        figure = shown;
        long now = nanoTime.getAsLong();
        if (nanos.size() == REMEMBERED || seen == 1) {
            nanos.removeFirst();
        }
        nanos.addLast(now - since);
        seen++;
        since = now;
        done = step;
    }

    /** Shows a text instead of the time that is left. */
    synchronized void note(String text) {
        note = text;
    }

    /** Other work begins between two steps. It is shown unless there is a note, and its time is not counted as a step's. */
    synchronized void between(String text) {
        between = text;
        since = nanoTime.getAsLong();
    }

    /** The next step begins. */
    synchronized void stepBegins() {
        between("");
    }

    synchronized ProgressLine now() {
        Optional<Duration> perStep = nanos.isEmpty() ? Optional.empty()
                : Optional.of(Duration.ofNanos(nanos.stream().mapToLong(Long::longValue).sum() / nanos.size()));
        return new ProgressLine(done, steps, Duration.ofNanos(nanoTime.getAsLong() - since), perStep,
                note.isEmpty() ? between : note, figure);
    }
}
