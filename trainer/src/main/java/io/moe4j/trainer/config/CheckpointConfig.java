package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is saved.
 *
 * @param enable whether checkpoints are written
 * @param interval steps between two checkpoints, at least 1; the last step is saved too
 * @param resume a checkpoint to continue from
 */
@Stability(Stability.Level.EVOLVING)
public record CheckpointConfig(boolean enable, int interval, Optional<Path> resume) {}
