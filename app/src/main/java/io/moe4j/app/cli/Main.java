package io.moe4j.app.cli;

import io.moe4j.api.Stability;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line: {@code moe4j COMMAND [OPTION]… [--key VALUE]…}. */
@Stability(Stability.Level.EVOLVING)
@Command(name = "moe4j", description = "Trains mixture-of-experts language models.",
        mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        subcommands = {TrainCommand.class, ParityCommand.class, PlanCommand.class, PluginsCommand.class,
                VerifyCommand.class,
                DoctorCommand.class, BenchCommand.class},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:tried, and failed", "2:bad input: nothing was started"})
public final class Main {

    private Main() {}

    /** Runs a command and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        System.exit(run(new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8), arguments));
    }

    /**
     * Runs a command.
     *
     * @return 0 done, 1 failed, 2 bad input
     */
    public static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine commandLine = new CommandLine(new Main());
        ConfigOptions.keepOthers(commandLine);
        commandLine.setOut(out).setErr(err);
        commandLine.setAbbreviatedOptionsAllowed(false);
        commandLine.setExecutionExceptionHandler(new FailureReport());
        commandLine.setParameterExceptionHandler(FailureReport::badArguments);
        return commandLine.execute(arguments);
    }
}
