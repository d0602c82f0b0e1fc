package io.moe4j.app.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.app.bench.BenchReport;
import io.moe4j.app.bench.Benchmark;
import io.moe4j.app.bench.PeerTimes;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Linking;
import io.moe4j.trainer.plugins.Plugins;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The common part of all benchmark commands. Each adds its benchmark and its default configuration. */
abstract class BenchSubcommand implements Callable<Integer> {
    private final Benchmark benchmark;
    private final List<Arguments.Override> first;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config;

    @Mixin
    private TimingOptions timing = new TimingOptions();

    /**
     * @param otherwise the configuration that is taken if none was named
     * @param first settings that are then laid over it, each {@code key=value}
     */
    BenchSubcommand(Benchmark benchmark, String otherwise, String... first) {
        this.benchmark = benchmark;
        this.config = new ConfigOptions(otherwise);
        this.first = Arguments.of(first).overrides();
    }

    @Override
    public Integer call() {
        Registry registry = Plugins.load(common.pluginPath());
        TrainerConfig loaded = config.load(registry, ConfigUse.running(), first);
        Optional<PeerTimes> peers = timing.peers();
        PrintWriter err = spec.commandLine().getErr();
        err.println(spec.qualifiedName(" ") + ": " + timing.told() + "; then a table");
        BenchReport report;
        try (BenchOutput output = new BenchOutput(spec.name(), err, main().errorScreen())) {
            report = Linking.guard(registry,
                    () -> benchmark.run(loaded, registry, timing.repeats().withProgress(output)));
        }
        timing.print(peers.map(report::beside).orElse(report), spec.commandLine().getOut());
        return ExitCode.OK;
    }

    private Main main() {
        return (Main) spec.root().userObject();
    }
}
