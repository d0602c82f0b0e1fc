package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The purpose of a configuration, which decides what is checked.
 *
 * @param runs whether a model is run, so that the device must be on this machine
 * @param readsData whether data is read, so that it must be on this machine
 * @param spec the model, if it does not come from {@code model.flavor}
 * @param output the run's folder, if it is known: {@code checkpoint.resume} may name it before it exists
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ConfigUse(boolean runs, boolean readsData, Optional<ModelSpec> spec, Optional<Path> output) {

    /** For training on data. */
    public static ConfigUse training() {
        return new ConfigUse(true, true, Optional.empty(), Optional.empty());
    }

    /** For running without data, as benchmarks do. */
    public static ConfigUse running() {
        return new ConfigUse(true, false, Optional.empty(), Optional.empty());
    }

    /** For running another model than the configuration's, without the configuration's data. */
    public static ConfigUse runningModel(ModelSpec spec) {
        return new ConfigUse(true, false, Optional.of(spec), Optional.empty());
    }

    /** For planning, on any machine: neither device nor data need to be there. */
    public static ConfigUse planning() {
        return new ConfigUse(false, false, Optional.empty(), Optional.empty());
    }

    /** The same purpose, with the run's folder. */
    public ConfigUse withOutput(Optional<Path> value) {
        return new ConfigUse(runs, readsData, spec, value);
    }
}
