package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.TrainerConfig;

/** A benchmark of the command line. */
@FunctionalInterface
@Stability(Stability.Level.EVOLVING)
public interface Benchmark {

    /**
     * Opens what {@code config} names, and times it.
     *
     * @throws io.moe4j.api.InputException if that has nothing to time
     */
    BenchReport run(TrainerConfig config, Registry registry, BenchOptions options);
}
