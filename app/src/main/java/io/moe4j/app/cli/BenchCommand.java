package io.moe4j.app.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code moe4j bench}. */
@Command(name = "bench", description = "Measures speed.", synopsisSubcommandLabel = "COMMAND",
        subcommands = {BenchStepCommand.class, BenchMoeCommand.class, BenchExchangeCommand.class,
                BenchRoundsCommand.class, BenchSwiGluCommand.class, BenchGroupedMmCommand.class,
                BenchAttentionCommand.class, BenchCheckpointCommand.class})
final class BenchCommand implements Runnable {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    @SuppressWarnings("UnusedVariable") // picocli sets its options
    private CommonOptions common = new CommonOptions();

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "bench needs one of: "
                + String.join(", ", spec.subcommands().keySet()));
    }
}
