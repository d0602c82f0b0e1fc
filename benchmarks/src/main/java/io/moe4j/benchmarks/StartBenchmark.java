package io.moe4j.benchmarks;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What comes before a run: plug-ins and configuration. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class StartBenchmark {
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
