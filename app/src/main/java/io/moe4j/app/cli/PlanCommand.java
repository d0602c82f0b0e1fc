package io.moe4j.app.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.plan.CostPlan;
import io.moe4j.trainer.plan.CostReport;
import io.moe4j.trainer.plugins.Plugins;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moe4j plan}. */
@Command(name = "plan",
        description = "Computes what a configuration costs: memory by purpose, parameters, operations, bytes exchanged.")
final class PlanCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Option(names = "--json", description = "Prints one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        Registry registry = Plugins.load(common.pluginPath());
        CostReport report = new CostReport(CostPlan.of(config.load(registry, ConfigUse.planning()), registry));
        spec.commandLine().getOut().print(json
                ? JsonOutput.pretty(report.json()) + "\n"
                : report.text());
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }
}
