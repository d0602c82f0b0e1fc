package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is saved, when, and which checkpoint is continued.
 *
 * @param enable whether checkpoints are written
 * @param interval steps between two checkpoints, at least 1; the last step is saved too
 * @param keepLatestK how many of the run's checkpoints are kept, the newest ones; 0 for all
 * @param resume which run or checkpoint is continued, if any
 * @param resumeFrom which checkpoint of a run's folder is continued, where {@code resume} names it
 * @param background whether a checkpoint is written while the next steps are made, from a copy in the host's memory
 * @param export the model folder, in Hugging Face's layout, that is written after the last step
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record CheckpointConfig(boolean enable, int interval, int keepLatestK, Resume resume,
        ResumeFrom resumeFrom, boolean background, Optional<Path> export) {

    /** With another value of {@code enable}. */
    public CheckpointConfig withEnable(boolean value) {
        return Components.with(this, "enable", value);
    }

    /** With another value of {@code interval}. */
    public CheckpointConfig withInterval(int value) {
        return Components.with(this, "interval", value);
    }

    /** With another value of {@code keepLatestK}. */
    public CheckpointConfig withKeepLatestK(int value) {
        return Components.with(this, "keepLatestK", value);
    }

    /** With another value of {@code resume}. */
    public CheckpointConfig withResume(Resume value) {
        return Components.with(this, "resume", value);
    }

    /** With another value of {@code resumeFrom}. */
    public CheckpointConfig withResumeFrom(ResumeFrom value) {
        return Components.with(this, "resumeFrom", value);
    }

    /** With another value of {@code background}. */
    public CheckpointConfig withBackground(boolean value) {
        return Components.with(this, "background", value);
    }

    /** With another value of {@code export}. */
    public CheckpointConfig withExport(Optional<Path> value) {
        return Components.with(this, "export", value);
    }
}
