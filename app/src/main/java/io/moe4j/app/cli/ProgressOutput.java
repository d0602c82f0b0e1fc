package io.moe4j.app.cli;

import io.moe4j.trainer.metrics.StepLine;
import io.moe4j.trainer.run.StepResult;
import java.io.PrintWriter;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Step lines, and below them, on a terminal, a bar. */
final class ProgressOutput implements AutoCloseable {
    /** To the start of the line, and clears it. */
    private static final String OVER_THE_BAR = "\r\u001b[2K";

    private final PrintWriter out;
    private final int logEvery;
    private final int steps;
    private final Optional<ProgressBar> bar;

    ProgressOutput(PrintWriter out, int logEvery, long stepsDone, int steps, boolean terminal) {
        this.out = out;
        this.logEvery = logEvery;
        this.steps = steps;
        bar = terminal ? Optional.of(new ProgressBarBuilder().setTaskName("train").setInitialMax(steps)
                .startsFrom(stepsDone, java.time.Duration.ZERO).setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(500).build())
                : Optional.empty();
    }

    /** Whether people watch. */
    static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    void show(StepResult step) {
        if (step.step() % logEvery == 0 || step.step() == 1 || step.step() == steps) {
            out.println((bar.isPresent() ? OVER_THE_BAR : "") + StepLine.of(step));
            out.flush();
        }
        bar.ifPresent(progress -> progress.stepTo(step.step()));
    }

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
    }
}
