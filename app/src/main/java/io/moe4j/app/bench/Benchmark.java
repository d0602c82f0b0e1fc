package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.TrainerConfig;

/** A benchmark that the command line can run. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Benchmark {

    /**
     * Opens the model and the plug-ins that {@code config} names, and times them.
     *
     * @throws io.moe4j.api.InputException if they have nothing that this benchmark times
     */
    BenchReport run(TrainerConfig config, Registry registry, BenchOptions options);
}
