package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.trainer.checkpoint.store.FileOperations;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.session.RankLaunch;
import io.moe4j.trainer.step.Schedule;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a run is started. Start from {@link #threads}; components may be added in later minor versions.
 *
 * @param launch which ranks run in this JVM
 * @param output folder for checkpoints; if absent, the run does not save itself
 * @param data the data that ranks read; if absent, what the configuration names
 * @param validation the data for validation, each time from the beginning
 * @param schedule the order in which microbatches pass through the model
 * @param files the file operations that write checkpoints: those of the disk, except in tests
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record RunOptions(RankLaunch launch, Optional<Path> output, Optional<BatchSource.Factory> data,
        Optional<BatchSource.Factory> validation, Schedule schedule, FileOperations files) {

    /** Options of a run that does not save itself. */
    public RunOptions(RankLaunch launch) {
        this(launch, Optional.empty(), Optional.empty(), Optional.empty(), Schedule.oneAfterTheOther(),
                FileOperations.disk());
    }

    /** All ranks as threads of this JVM, over the devices that the configuration asks for; the run does not save itself. */
    public static RunOptions threads(TrainerConfig config) {
        return new RunOptions(RankLaunch.threads(config));
    }

    public RunOptions withLaunch(RankLaunch value) {
        return new RunOptions(value, output, data, validation, schedule, files);
    }

    public RunOptions withOutput(Path value) {
        return new RunOptions(launch, Optional.of(value), data, validation, schedule, files);
    }

    public RunOptions withData(BatchSource.Factory value) {
        return new RunOptions(launch, output, Optional.of(value), validation, schedule, files);
    }

    /**
     * With data for validation.
     *
     * @since 0.3.0
     */
    public RunOptions withValidation(BatchSource.Factory value) {
        return new RunOptions(launch, output, data, Optional.of(value), schedule, files);
    }

    public RunOptions withSchedule(Schedule value) {
        return new RunOptions(launch, output, data, validation, value, files);
    }

    public RunOptions withFiles(FileOperations value) {
        return new RunOptions(launch, output, data, validation, schedule, value);
    }
}
