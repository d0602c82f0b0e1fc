package io.moe4j.trainer.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.bench.MoeBench;
import io.moe4j.trainer.bench.MoeReport;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import io.moe4j.trainer.plugins.Plugins;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code moe4j bench moe}. */
@Command(name = "moe", description = "Times the parts of one mixture-of-experts layer; by default of the debug model on"
        + " four ranks, 512 tokens each, fp32. Each part beside what it moves, computes, and at least must take.")
final class BenchMoeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Mixin
    private TimingOptions timing = new TimingOptions();

    @Override
    public Integer call() {
        Registry registry = Plugins.load(common.pluginPath());
        TrainerConfig loaded = config.load(registry, ConfigUse.running(), NamedConfigs.DEFAULT,
                Arguments.of("training.seq_len=512", "graph_capture.enable=false").overrides());
        MoeReport report = MoeBench.run(loaded, registry, timing.repeats());
        timing.print(report.json(), report.text(), spec.commandLine().getOut());
        return ExitCode.OK;
    }
}
