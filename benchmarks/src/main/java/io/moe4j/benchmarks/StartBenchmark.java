package io.moe4j.benchmarks;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/** Work before a run: loading plug-ins and configuration. */
public class StartBenchmark extends AverageMicros {
    private final Registry registry = Plugins.load(List.of());

    /** Finds all plug-ins, and checks their versions and ids. */
    @Benchmark
    public Registry loadRegistry() {
        return Plugins.load(List.of());
    }

    /** Reads the default configuration, and checks all rules but those about data. */
    @Benchmark
    public TrainerConfig loadConfiguration() {
        return new ConfigLoader(registry).load(NamedConfigs.DEFAULT, List.of(), ConfigUse.running());
    }
}
