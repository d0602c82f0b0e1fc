package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How the model is validated during training.
 *
 * @param interval steps between two validations; the last step of a run is validated too; 0 for none
 * @param steps the most batches of a validation, each with as many sequences as a step of training; 0 to read all the data
 * @param path a file or folder that is read for validation only
 * @param split fraction of the training documents that is kept for validation instead, in [0, 1)
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record ValidationConfig(int interval, int steps, Optional<Path> path, double split) {

    /** With another value of {@code interval}. */
    public ValidationConfig withInterval(int value) {
        return Components.with(this, "interval", value);
    }

    /** With another value of {@code steps}. */
    public ValidationConfig withSteps(int value) {
        return Components.with(this, "steps", value);
    }

    /** With another value of {@code path}. */
    public ValidationConfig withPath(Optional<Path> value) {
        return Components.with(this, "path", value);
    }

    /** With another value of {@code split}. */
    public ValidationConfig withSplit(double value) {
        return Components.with(this, "split", value);
    }
}
