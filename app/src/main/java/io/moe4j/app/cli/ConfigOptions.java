package io.moe4j.app.cli;

import io.moe4j.api.spi.Registry;
import io.moe4j.trainer.config.Arguments;
import io.moe4j.trainer.config.ConfigLoader;
import io.moe4j.trainer.config.ConfigUse;
import io.moe4j.trainer.config.KeyTable;
import io.moe4j.trainer.config.NamedConfigs;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Options of commands that take a configuration, as a mixin. Arguments that the command does not know itself, such as {@code --training.steps 10}
 * or {@code --ranks=2}, are kept for the configuration, in order.
 */
final class ConfigOptions {
    private static final String CONFIG = "--config";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command = CommandSpec.create();

    @Option(names = CONFIG, paramLabel = "NAME|FILE.toml",
            completionCandidates = ConfigNames.class,
            description = "A named configuration, or a TOML file.")
    private @Nullable String config;

    private final String otherwise;

    /** Uses {@link NamedConfigs#DEFAULT} if no configuration is named. */
    ConfigOptions() {
        this(NamedConfigs.DEFAULT);
    }

    /**
     * For a command.
     *
     * @param otherwise the configuration that it uses if none is named
     */
    ConfigOptions(String otherwise) {
        this.otherwise = otherwise;
    }

    /** The names that the help lists. */
    static final class ConfigNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return NamedConfigs.names().iterator();
        }
    }

    /** Lets {@code command} and its subcommands keep arguments that they do not know, if they take a configuration. */
    static void keepOthers(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        spec.mixins().values().stream().map(CommandSpec::userObject).filter(ConfigOptions.class::isInstance)
                .map(ConfigOptions.class::cast).findFirst().ifPresent(options -> options.keepOthers(spec));
        command.getSubcommands().values().forEach(ConfigOptions::keepOthers);
    }

    private void keepOthers(CommandSpec spec) {
        OptionSpec option = spec.findOption(CONFIG);
        spec.remove(option);
        spec.addOption(OptionSpec.builder(option).description(option.description()[0] + " Default: " + otherwise + ".",
                "Named are:", "${COMPLETION-CANDIDATES}.").build());
        spec.parser().unmatchedArgumentsAllowed(true);
        if (spec.usageMessage().customSynopsis().length == 0) {
            spec.usageMessage().customSynopsis(spec.qualifiedName() + " [OPTION]... [--key VALUE]...");
        }
        spec.usageMessage().footer("%nEvery key of the configuration is an option: --training.steps 10, --ranks=4.");
    }

    /** The configuration, checked. */
    TrainerConfig load(Registry registry, ConfigUse use) {
        return load(registry, use, List.of());
    }

    /**
     * The configuration, checked.
     *
     * @param first overrides that are laid over the default configuration, where none is named, before those of the command line
     */
    TrainerConfig load(Registry registry, ConfigUse use, List<Arguments.Override> first) {
        Arguments arguments = keysOnly();
        List<Arguments.Override> overrides = new ArrayList<>(config == null ? first : List.of());
        overrides.addAll(arguments.overrides());
        return new ConfigLoader(registry).load(nameOrFile(), overrides, use);
    }

    /** The arguments of a command that takes only options. */
    Arguments keysOnly() {
        Arguments arguments = arguments();
        if (!arguments.others().isEmpty()) {
            throw new ParameterException(command.commandLine(), "unexpected: " + String.join(" ", arguments.others())
                    + "; " + instead(arguments.others().getFirst()));
        }
        return arguments;
    }

    /** How to give what stands where only options can. */
    private static String instead(String other) {
        int equals = other.indexOf('=');
        return other.endsWith(".toml") || NamedConfigs.names().contains(other)
                ? "a configuration is named with " + CONFIG + " " + other
                : KeyTable.isKey(equals < 0 ? other : other.substring(0, equals))
                        ? "two dashes come before a key: --" + other + (equals < 0 ? " VALUE" : "")
                        : "values follow a key, as in --training.steps 10";
    }

    /**
     * The configuration, checked, of a command that takes other arguments than options.
     *
     * @param first overrides that are laid over the default configuration, where none is named, before those of the command line
     * @param always overrides that are laid over any configuration before those of the command line
     */
    TrainerConfig loadBesideArguments(Registry registry, ConfigUse use,
            List<Arguments.Override> first, List<Arguments.Override> always) {
        List<Arguments.Override> overrides = new ArrayList<>(config == null ? first : List.of());
        overrides.addAll(always);
        overrides.addAll(arguments().overrides());
        return new ConfigLoader(registry).load(nameOrFile(), overrides, use);
    }

    /** The configuration as it was given, not checked. */
    TrainerConfig unchecked() {
        return ConfigLoader.unchecked(nameOrFile(), arguments().overrides());
    }

    /** The configuration that was named, or the command's default. */
    String nameOrFile() {
        return config == null ? otherwise : config;
    }

    /** Overrides, and arguments that are no options. */
    Arguments arguments() {
        Arguments arguments = Arguments.parse(command.commandLine().getParseResult().unmatched());
        arguments.overrides().stream().map(Arguments.Override::key).filter(this::isMistypedOption).findFirst()
                .ifPresent(key -> {
                    throw new ParameterException(command.commandLine(), OptionNames.missing(command, "--" + key));
                });
        return arguments;
    }

    /** Whether one of the command's own options was meant. These have no dots, which all keys have that have a section. */
    private boolean isMistypedOption(String key) {
        return key.indexOf('.') < 0 && !KeyTable.isKey(key) && OptionNames.nearest(command, key).isPresent();
    }
}
