package io.moe4j.trainer.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.bench.StepBench;
import io.moe4j.trainer.bench.StepReport;
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

/** {@code moe4j bench step}. */
@Command(name = "step",
        description = "Times forward and backward of a model; by default of the debug model on one rank,"
                + " 1 x 512 tokens, fp32, with full recompute.")
final class BenchStepCommand implements Callable<Integer> {

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
        TrainerConfig loaded = config.load(registry, ConfigUse.running(), NamedConfigs.PLAIN,
                Arguments.of("training.seq_len=512").overrides());
        StepReport report = StepBench.run(loaded, registry, timing.repeats());
        timing.print(report.json(), report.text(), spec.commandLine().getOut());
        return ExitCode.OK;
    }
}
