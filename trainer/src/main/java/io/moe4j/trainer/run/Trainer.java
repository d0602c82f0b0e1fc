package io.moe4j.trainer.run;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.autograd.model.ModelSpec;
import io.moe4j.trainer.config.ConfiguredModel;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Linking;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Training as a library.
 *
 * <pre>{@code
 * try (TrainingRun run = Trainer.open(config, registry)) {
 *     while (run.hasNext()) {
 *         StepResult step = run.step();
 *     }
 * }
 * }</pre>
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Trainer {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);

    private Trainer() {}

    /**
     * Opens a run with all ranks as threads of this JVM.
     *
     * @param config a configuration that was checked with this registry
     * @param registry where plug-ins are looked up
     * @throws io.moe4j.api.InputException if something that the configuration names cannot be used
     */
    public static TrainingRun open(TrainerConfig config, Registry registry) {
        return open(config, registry, RunOptions.threads(config));
    }

    /** Opens a run. */
    public static TrainingRun open(TrainerConfig config, Registry registry, RunOptions options) {
        return open(config, spec(config, registry), registry, options);
    }

    /**
     * Opens a run of a model that is given instead of {@code model.flavor}.
     *
     * @param spec the model; with low-rank updates, its modules for multi-token prediction are left out
     */
    public static TrainingRun open(TrainerConfig config, ModelSpec spec, Registry registry, RunOptions options) {
        return Linking.guard(registry, () -> {
            if (config.checkpoint().export().isPresent()) {
                spec.exportRemarks(config.movesExpertBiases())
                        .forEach(remark -> log.warn("checkpoints of this run in other software: {}", remark));
            }
            IdleKeys.remarks(config).forEach(log::warn);
            return TrainingRun.open(config, ConfiguredModel.trained(config, spec), registry, options);
        });
    }

    /** The model that a configuration names. */
    public static ModelSpec spec(TrainerConfig config, Registry registry) {
        return ConfiguredModel.spec(config, registry);
    }
}
