package io.moe4j.app.cli;

import io.moe4j.app.terminal.Screen;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.metrics.RunRecord;
import io.moe4j.trainer.metrics.RunSummary;
import io.moe4j.trainer.model.ExportOptions;
import io.moe4j.trainer.model.ModelExport;
import io.moe4j.trainer.run.SaveResult;
import io.moe4j.trainer.run.StepListener;
import io.moe4j.trainer.run.StepResult;
import io.moe4j.trainer.run.TrainingRun;
import io.moe4j.trainer.run.ValidationResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Makes the steps of an open run, until its last one or until it is asked to end, and reports them. */
final class TrainLoop {
    private final TrainerConfig config;
    private final TrainingRun run;
    private final PrintWriter err;
    private final Interrupts interrupts;
    private final long begin;

    /**
     * @param run the run, which has not made a step yet
     * @param err the output of processes that do not report steps
     * @param interrupts handles no signal yet; this loop makes it handle them from the first step on, until the caller closes it
     */
    TrainLoop(TrainerConfig config, TrainingRun run, PrintWriter err, Interrupts interrupts) {
        this.config = config;
        this.run = run;
        this.err = err;
        this.interrupts = interrupts;
        begin = run.stepsDone();
    }

    /**
     * Runs in a process without rank 0, and prints nothing unless the run ends early.
     *
     * @return the exit code
     */
    int follow() {
        interrupts.begin(signal -> {
            run.requestStop();
            err.println(ending(signal));
        });
        while (run.hasNext()) {
            run.step();
        }
        export();
        if (interrupts.received().isEmpty() && !run.stoppedBy().isEmpty()) {
            err.println("the run has ended after step " + run.stepsDone() + ", " + RunReport.because(run));
        }
        return exitCode();
    }

    /**
     * Runs in the process of rank 0, which reports for all.
     *
     * @param folder the folder for the configuration and the metrics
     * @param served receives each step too
     * @return the exit code
     */
    int lead(RunFolder folder, ServedMetrics served, PrintWriter out, Screen screen) throws IOException {
        folder.writeConfig(ConfigLoader.toml(config), begin);
        String report = StartReport.of(run.description(), config)
                + RunReport.start(config, run, folder).stripTrailing();
        if (begin >= config.training().steps()) {
            interrupts.begin(signal -> err.println(ending(signal)));
            out.println(report);
            out.println("no step was made: training.steps = " + config.training().steps() + ", and " + begin
                    + " were made before; raise it to go on");
            tellExport(out);
            return ExitCode.OK;
        }
        RunSummary summary = new RunSummary();
        try (RunRecord record = RunRecord.open(folder.path(), config.metrics(), run.description(), begin);
                StepOutput output = new StepOutput(out, screen, config.metrics().logEvery(), begin,
                        config.training().steps())) {
            interrupts.beforeHalt(() -> {
                output.close();
                err.println(
                        "a second signal: the run ends at once, and what it has made since its newest checkpoint is lost");
            });
            interrupts.begin(stopping(output));
            // From here on, the first Ctrl-C ends the run after a step. Tests wait for the lines that are printed here.
            output.println(report);
            while (run.hasNext()) {
                run.step(telling(List.of(record, served), output, summary));
            }
            output.close();
            out.println(summary.text());
            tellExport(out);
            out.print(RunReport.end(config, run, interrupts.received(), folder.path()));
            out.flush();
            return exitCode();
        }
    }

    /** Exports after the last step; a run that ended earlier is not exported. */
    private List<ModelExport.Exported> export() {
        List<ModelExport.Exported> exported = new ArrayList<>();
        if (hasMadeItsLastStep()) {
            config.lora().export().flatMap(run::exportAdapter).ifPresent(exported::add);
            config.checkpoint().export().flatMap(folder -> run.export(folder, ExportOptions.defaults()))
                    .ifPresent(exported::add);
        }
        return exported;
    }

    private void tellExport(PrintWriter out) {
        export().forEach(exported -> {
            exported.remarks().forEach(remark -> out.println("note      " + remark));
            out.println("exported  " + exported.folder());
        });
    }

    private Consumer<StopSignal> stopping(StepOutput output) {
        return signal -> {
            if (hasMadeItsLastStep()) {
                err.println(ending(signal));
                return;
            }
            run.requestStop();
            output.note("ending" + (config.checkpoint().enable() ? " and saving" : ""));
            output.println(ending(signal));
        };
    }

    private String ending(StopSignal signal) {
        if (hasMadeItsLastStep()) {
            return signal + ": the run has made its last step, and ends when its files are written; a second signal"
                    + " ends it at once";
        }
        return signal + ": the run ends with this step or the next, and is " + (config.checkpoint().enable() ? "saved"
                : "not saved (checkpoint.enable is false)") + "; a second signal ends it at once";
    }

    private boolean hasMadeItsLastStep() {
        return run.stepsDone() >= config.training().steps();
    }

    private int exitCode() {
        if (hasMadeItsLastStep()) {
            return ExitCode.OK;
        }
        return interrupts.received().map(StopSignal::exitCode).orElse(ExitCode.STOPPED);
    }

    private static StepListener telling(List<StepListener> others, StepOutput output,
            RunSummary summary) {
        return new StepListener() {
            @Override
            public void made(StepResult step) {
                others.forEach(other -> other.made(step));
                output.show(step);
                summary.add(step);
            }

            @Override
            public void validating() {
                output.validating();
            }

            @Override
            public void validated(ValidationResult validation) {
                others.forEach(other -> other.validated(validation));
                output.show(validation);
                summary.add(validation);
            }

            @Override
            public void profiled(Path trace) {
                output.println("profile   " + trace + " (open it at https://ui.perfetto.dev, or in chrome://tracing)");
            }

            @Override
            public void saving() {
                others.forEach(StepListener::saving);
            }

            @Override
            public void saved(SaveResult result) {
                others.forEach(other -> other.saved(result));
                output.println(SavedLine.of(result));
                summary.add(result);
            }
        };
    }
}
