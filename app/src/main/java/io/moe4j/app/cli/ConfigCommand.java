package io.moe4j.app.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.ExplainedConfig;
import io.moe4j.trainer.config.KeyTable;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.plugins.Plugins;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moe4j config}. */
@Command(name = "config", customSynopsis = "moe4j config [NAME|FILE.toml] [OPTION]... [--key VALUE]...",
        description = {
                "Prints what a run would use: every key with its value, and where the value comes from. The output is"
                        + " TOML, which --config takes.",
                "Without a name, it prints the configuration of moe4j train."})
final class ConfigCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Mixin
    private ConfigOptions options = new ConfigOptions();

    @Option(names = "--names", description = "Prints the names of the configurations that come with moe4j.")
    private boolean names;

    @Option(names = "--keys", description = "Prints all keys as a table in Markdown.")
    private boolean keys;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (names) {
            NamedConfigs.names().forEach(out::println);
        } else if (keys) {
            out.print(KeyTable.markdown());
        } else {
            out.print(explained().toml());
        }
        out.flush();
        return ExitCode.OK;
    }

    private ExplainedConfig explained() {
        Registry registry = Plugins.load(common.pluginPath());
        Arguments arguments = options.arguments();
        if (arguments.others().size() > 1) {
            throw new ParameterException(spec.commandLine(), "config takes one name or file, and was given "
                    + String.join(", ", arguments.others()));
        }
        String wanted = arguments.others().isEmpty() ? options.nameOrFile()
                : arguments.others().getFirst();
        return new ConfigLoader(registry).explain(wanted, arguments.overrides(), ConfigUse.planning());
    }
}
