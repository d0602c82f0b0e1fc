package io.moe4j.trainer.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Options of commands that take a configuration; mixed in. What the command does not know itself, such as {@code --training.steps 10}
 * or {@code --ranks=2}, is kept for the configuration, in order.
 */
final class ConfigOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    @Option(names = "--config", paramLabel = "NAME|FILE.toml",
            description = "A named configuration, or a TOML file. Default: ${DEFAULT-VALUE}.")
    private String config = "deepseek_v3_debugmodel_minimal_async_ep";

    /** Lets {@code command} and those below it, where they take a configuration, keep what they do not know. */
    static void keepOthers(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        if (spec.mixins().values().stream().anyMatch(mixin -> mixin.userObject() instanceof ConfigOptions)) {
            spec.parser().unmatchedArgumentsAllowed(true);
            spec.usageMessage()
                    .footer("%nEvery key of the configuration is an option: --training.steps 10, --ranks=4.");
        }
        command.getSubcommands().values().forEach(ConfigOptions::keepOthers);
    }

    /** Name or file. */
    String config() {
        return config;
    }

    /** Overrides, and arguments that are no options: {@code --key value}, {@code --key=value}. */
    List<String> others() {
        return command.commandLine().getParseResult().unmatched();
    }
}
