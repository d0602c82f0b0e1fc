package io.moe4j.app.cli;

import io.moe4j.trainer.plugins.PluginReport;
import io.moe4j.trainer.plugins.Plugins;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moe4j plugins}. */
@Command(name = "plugins",
        description = "Lists the plug-ins that were found, and those that were left out, with the reason.")
final class PluginsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(names = "--json", description = "Prints one JSON object: {\"plugins\": [...]}.")
    private boolean json;

    @Override
    public Integer call() {
        PluginReport report = new PluginReport(Plugins.load(common.pluginPath()));
        spec.commandLine().getOut()
                .print(json ? JsonOutput.pretty(
                        Map.of("plugins", report.rows())) + "\n" : report.text());
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }
}
