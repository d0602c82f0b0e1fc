package io.moe4j.trainer.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/**
 * Options of commands that take a configuration; mixed in. What the command does not know itself, such as {@code --training.steps 10}
 * or {@code --ranks=2}, is kept for the configuration, in order.
 */
final class ConfigOptions {

    @Option(names = "--config", paramLabel = "NAME|FILE.toml",
            description = "A named configuration, or a TOML file. Default: ${DEFAULT-VALUE}.")
    private String config = "deepseek_v3_debugmodel_minimal_async_ep";

    @Unmatched
    private List<String> others = new ArrayList<>();

    /** Name or file. */
    String config() {
        return config;
    }

    /** Overrides, and arguments that are no options: {@code --key value}, {@code --key=value}. */
    List<String> others() {
        return List.copyOf(others);
    }
}
