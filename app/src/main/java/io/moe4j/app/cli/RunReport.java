package io.moe4j.app.cli;

import io.moe4j.trainer.config.CheckpointConfig;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** What a run is going to do, and how it has ended, for people. */
final class RunReport {

    private RunReport() {}

    /**
     * Before the first step.
     *
     * @param begin steps that were made before
     * @param start the model folder that the run started from
     */
    static String start(TrainerConfig config, long begin, Path folder, Optional<TrainingRun.Start> start) {
        CheckpointConfig checkpoint = config.checkpoint();
        String continuing = begin == 0 ? "" : line("continues", "%s after step %d",
                checkpoint.resume().map(Path::toString).orElse("a checkpoint"), begin);
        return continuing
                + start.map(from -> line("weights", "%s: %.2f GB, read in %.1f s", from.folder(), from.bytes() / 1e9,
                        from.seconds())).orElse("")
                + line("steps", "%d to %d of %,d tokens each; %s", Math.min(begin + 1, config.training().steps()),
                        config.training().steps(), config.tokensPerStep(),
                        checkpoint.enable()
                                ? "saved every " + (checkpoint.interval() == 1 ? "step"
                                        : checkpoint.interval() + " steps") + " and at the end"
                                : "not saved: checkpoint.enable is false")
                + line("output", "%s", folder);
    }

    /**
     * After the last step.
     *
     * @param signal that has ended the run, if one has come
     */
    static String end(TrainerConfig config, TrainingRun run, Optional<StopSignal> signal, Path folder) {
        StringBuilder text = new StringBuilder();
        if (run.stepsDone() < config.training().steps()) {
            config.checkpoint().export().ifPresent(export -> text.append(line("export",
                    "%s is not written: that is done after the last step", export)));
            text.append(line("stopped", "after step %d of %d, %s", run.stepsDone(), config.training().steps(),
                    signal.map(each -> "by " + each).orElseGet(() -> because(run))));
            text.append(run.lastSaved().filter(saved -> saved.step() == run.stepsDone())
                    .map(saved -> line("continue", "with the same command and --checkpoint.resume %s%s", saved.folder(),
                            config.checkpoint().resume().isPresent() ? "" : " --output " + folder))
                    .orElseGet(() -> line("lost",
                            "nothing was saved of the last steps; --checkpoint.enable saves a run that is stopped")));
        }
        return text.append(line("metrics", "%s", folder.resolve("metrics.jsonl"))).toString();
    }

    /** Why a run ended early that this process was not asked to end. */
    static String because(TrainingRun run) {
        return "because the process of rank " + run.stoppedBy().getFirst() + " was asked to end";
    }

    private static String line(String name, String format, Object... values) {
        return String.format(Locale.ROOT, "%-9s ", name) + String.format(Locale.ROOT, format, values)
                + System.lineSeparator();
    }
}
