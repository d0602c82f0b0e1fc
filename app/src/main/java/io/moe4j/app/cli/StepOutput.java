package io.moe4j.app.cli;

import io.moe4j.app.terminal.Screen;
import io.moe4j.trainer.metrics.StepLine;
import io.moe4j.trainer.metrics.ValidationLine;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.ValidationResult;
import java.io.PrintWriter;

/**
 * Prints the lines of steps and, on a terminal, a line with the run's progress below them. On a terminal, a step's line has only the figures that fit into
 * one row.
 */
final class StepOutput implements AutoCloseable {
    private final LiveOutput live;
    private final StepPace pace;
    private final int logEvery;
    private final long steps;

    /**
     * Begins.
     *
     * @param logEvery number of steps between two printed lines
     * @param done number of steps that are done
     * @param steps number of steps of the whole run
     */
    StepOutput(PrintWriter out, Screen screen, int logEvery, long done, long steps) {
        this.logEvery = logEvery;
        this.steps = steps;
        pace = new StepPace(done, steps, System::nanoTime);
        live = new LiveOutput(out, screen, pace::now);
    }

    void show(StepResult step) {
        pace.done(step.step(), StepLine.loss(step));
        if (step.step() % logEvery == 0 || step.step() == 1 || step.step() == steps) {
            live.println(StepLine.of(step, live.width() - 1, aligned(step.step())));
        }
        live.refresh();
    }

    void validating() {
        pace.between("validating");
        live.refresh();
    }

    void show(ValidationResult validation) {
        live.println(ValidationLine.of(validation, live.width() - 1, aligned(validation.step())));
        pace.stepBegins();
        live.refresh();
    }

    /** The step number to whose width a line is padded: on a terminal the last step's, so that figures are aligned; for programs the line's own. */
    private long aligned(long step) {
        return live.interactive() ? steps : step;
    }

    /** Writes a line. */
    void println(String text) {
        live.println(text);
    }

    /** Shows the current work in the line below, instead of the remaining time. */
    void note(String text) {
        pace.note(text);
        live.refresh();
    }

    @Override
    public void close() {
        live.close();
    }
}
