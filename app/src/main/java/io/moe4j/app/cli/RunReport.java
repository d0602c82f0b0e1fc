package io.moe4j.app.cli;

import io.moe4j.app.terminal.TypedPath;
import io.moe4j.trainer.config.CheckpointConfig;
import io.moe4j.trainer.config.DataConfig;
import io.moe4j.trainer.config.Resume;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.run.TrainingRun;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Texts for people: what a run is going to do, and how it has ended. */
final class RunReport {

    private RunReport() {}

    /**
     * The text before the first step.
     *
     * @param run the run, which has not made a step yet
     */
    static String start(TrainerConfig config, TrainingRun run, RunFolder folder) {
        CheckpointConfig checkpoint = config.checkpoint();
        long begin = run.stepsDone();
        return continuing(config, run, folder)
                + run.start()
                        .map(from -> line("weights", "%s: %s, read in %.1f s", from.folder(),
                                SavedLine.size(from.bytes()),
                                from.seconds()))
                        .orElse("")
                + (begin >= config.training().steps() ? ""
                        : line("steps", "%s, each of %,d tokens of %s; %s", steps(begin, config.training().steps()),
                                config.tokensPerStep(), data(config.data()),
                                saved(checkpoint, config.training().steps())))
                + line("output", "%s", folder.path());
    }

    /** The steps that will be made: {@code 40}, {@code 21 to 40} or {@code only 40}. */
    private static String steps(long begin, int steps) {
        return begin == 0 ? String.valueOf(steps) : begin + 1 == steps ? "only " + steps : begin + 1 + " to " + steps;
    }

    private static String data(DataConfig data) {
        return data.sources().isEmpty() ? data.path().map(Path::toString).orElse("the sources of moe4j")
                : String.join(", ", data.sources().keySet());
    }

    private static String saved(CheckpointConfig checkpoint, int steps) {
        if (!checkpoint.enable()) {
            return "not saved (--checkpoint.enable)";
        }
        return checkpoint.interval() >= steps ? "saved at the end"
                : "saved every " + (checkpoint.interval() == 1 ? "step" : checkpoint.interval() + " steps")
                        + " and at the end";
    }

    /** Says which checkpoint is continued; or, if one was looked for and not found, why the run begins with its first step. */
    private static String continuing(TrainerConfig config, TrainingRun run, RunFolder folder) {
        boolean found = config.checkpoint().resume() instanceof Resume.Auto;
        if (run.continued().isPresent()) {
            TrainingRun.Continued from = run.continued().get();
            String passedOver = from.passedOver().stream().map(each -> String.valueOf(each.getFileName()))
                    .collect(Collectors.joining(", "));
            return line("continues", "%s after step %d of %d%s%s", TypedPath.of(from.folder()), from.step(),
                    config.training().steps(), found ? ", found by checkpoint.resume auto" : "",
                    passedOver.isEmpty() ? "" : "; passed over, as damaged: " + passedOver);
        }
        return found ? line("begins", "anew, with step 1: %s (checkpoint.resume auto)", folder.remark().isEmpty()
                ? folder.path() + " has no checkpoint yet" : folder.remark()) : "";
    }

    /**
     * The text after the last step.
     *
     * @param signal the signal that has ended the run, if one has come
     */
    static String end(TrainerConfig config, TrainingRun run, Optional<StopSignal> signal, Path folder) {
        StringBuilder text = new StringBuilder();
        if (run.stepsDone() < config.training().steps()) {
            Stream.of(config.checkpoint().export(), config.lora().export()).flatMap(Optional::stream)
                    .forEach(export -> text.append(line("export",
                            "%s is not written: that is done after the last step", export)));
            text.append(line("stopped", "after step %d of %d, %s", run.stepsDone(), config.training().steps(),
                    signal.map(each -> "by " + each).orElseGet(() -> because(run))));
            text.append(run.lastSaved().filter(saved -> saved.step() == run.stepsDone())
                    .map(saved -> line("continue", "with the same command%s",
                            again(config.checkpoint().resume(), saved.folder(), folder)))
                    .orElseGet(() -> line("lost",
                            "nothing was saved of the last steps; --checkpoint.enable saves a run that is stopped")));
        }
        return text.append(config.metrics().report() ? "" : line("metrics", "%s", folder.resolve("metrics.jsonl")))
                .toString();
    }

    /** The options to add to the command so that it continues the run. */
    private static String again(Resume resume, Path checkpoint, Path folder) {
        return switch (resume) {
            case Resume.Auto() -> "";
            case Resume.From(Path from) -> " and --checkpoint.resume " + TypedPath.of(checkpoint);
            case Resume.Nothing() -> " and --checkpoint.resume " + TypedPath.of(checkpoint) + " --output "
                    + folder;
        };
    }

    /** Why a run ended early without a signal to this process. */
    static String because(TrainingRun run) {
        return "because the process of rank " + run.stoppedBy().getFirst() + " was asked to end";
    }

    private static String line(String name, String format, Object... values) {
        return String.format(Locale.ROOT, "%-9s ", name) + String.format(Locale.ROOT, format, values)
                + System.lineSeparator();
    }
}
