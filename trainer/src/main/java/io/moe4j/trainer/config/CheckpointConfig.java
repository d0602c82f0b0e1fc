package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is saved.
 *
 * @param enable whether checkpoints are written
 * @param interval steps between two checkpoints, at least 1; the last step is saved too
 * @param keepLatestK how many of the run's checkpoints are kept, the newest ones; 0 for all
 * @param resume a checkpoint to continue from, or the folder of a run, for its newest
 * @param resumeFrom which checkpoint of a run's folder is continued
 */
@Stability(Stability.Level.EVOLVING)
public record CheckpointConfig(boolean enable, int interval, int keepLatestK, Optional<Path> resume,
        ResumeFrom resumeFrom) {}
