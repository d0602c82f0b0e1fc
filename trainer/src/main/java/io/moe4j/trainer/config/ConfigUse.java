package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a configuration is wanted for, which decides what is checked.
 *
 * @param runs whether the device must be there
 * @param readsData whether the data must be there
 * @param spec the model, where it does not come from {@code model.flavor}
 * @param output the run's folder, if it is known: {@code checkpoint.resume} may name it before it is there
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record ConfigUse(boolean runs, boolean readsData, Optional<ModelSpec> spec, Optional<Path> output) {

    /** Training on data. */
    public static ConfigUse training() {
        return new ConfigUse(true, true, Optional.empty(), Optional.empty());
    }

    /** Running without data: benchmarks. */
    public static ConfigUse running() {
        return new ConfigUse(true, false, Optional.empty(), Optional.empty());
    }

    /** Running another model than the configuration's, without its data. */
    public static ConfigUse runningModel(ModelSpec spec) {
        return new ConfigUse(true, false, Optional.of(spec), Optional.empty());
    }

    /** Pricing, on any machine. */
    public static ConfigUse planning() {
        return new ConfigUse(false, false, Optional.empty(), Optional.empty());
    }

    /** The same, with the run's folder. */
    public ConfigUse withOutput(Optional<Path> value) {
        return new ConfigUse(runs, readsData, spec, value);
    }
}
