package io.moe4j.app.cli;

import io.moe4j.app.terminal.LiveLines;
import io.moe4j.app.terminal.Screen;
import io.moe4j.trainer.metrics.StepLine;
import io.moe4j.trainer.metrics.ValidationLine;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.io.PrintStream;
import java.io.PrintWriter;

/** Step lines, and below them, on a terminal, how far the run is. Logs that are written meanwhile stand above that line too. */
final class StepOutput implements AutoCloseable {
    private static final long REFRESH_MILLIS = 500;

    private final LiveLines lines;
    private final StepPace pace;
    private final int logEvery;
    private final long steps;
    private final Thread refresh = Thread.ofVirtual().name("progress").unstarted(this::refresh);
    private final PrintStream errors = System.err;

    /**
     * Begins.
     *
     * @param logEvery how many steps share one line
     * @param done steps that are done
     * @param steps all of them
     */
    StepOutput(PrintWriter out, Screen screen, int logEvery, long done, long steps) {
        this.logEvery = logEvery;
        this.steps = steps;
        lines = new LiveLines(out, screen);
        pace = new StepPace(done, steps, System::nanoTime);
        if (lines.interactive()) {
            System.setErr(lines.above(errors));
            refresh.start();
        }
    }

    void show(StepResult step) {
        pace.done(step.step());
        if (step.step() % logEvery == 0 || step.step() == 1 || step.step() == steps) {
            lines.println(StepLine.of(step));
        }
        lines.below(pace.now());
    }

    void validating() {
        pace.between("validating");
        lines.below(pace.now());
    }

    void show(ValidationResult validation) {
        lines.println(ValidationLine.of(validation));
        pace.stepBegins();
        lines.below(pace.now());
    }

    /** Writes a line. */
    void println(String text) {
        lines.println(text);
    }

    /** Says below, in place of the time that is left, what is being done. */
    void note(String text) {
        pace.note(text);
        lines.below(pace.now());
    }

    private void refresh() {
        try {
            while (true) {
                lines.below(pace.now());
                Thread.sleep(REFRESH_MILLIS);
            }
        } catch (InterruptedException e) {
            // The end.
        }
    }

    @Override
    public void close() {
        refresh.interrupt();
        lines.close();
        if (lines.interactive()) {
            System.err.flush();
            System.setErr(errors);
        }
    }
}
