package io.moe4j.app.cli;

import io.moe4j.api.Stability;
import io.moe4j.app.terminal.Screen;
import io.moe4j.app.terminal.TerminalCalls;
import java.io.Console;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The command line: {@code moe4j COMMAND [OPTION]… [--key VALUE]…}.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
@Command(name = "moe4j", description = "Trains mixture-of-experts language models.",
        mixinStandardHelpOptions = true, versionProvider = Version.class, synopsisSubcommandLabel = "COMMAND",
        subcommands = {TrainCommand.class, LaunchCommand.class, ParityCommand.class, PlanCommand.class,
                PluginsCommand.class,
                VerifyCommand.class, ExportCommand.class, EvalCommand.class, TokenizeCommand.class, ReportCommand.class,
                DoctorCommand.class, BenchCommand.class, GenerateCommand.class, ConfigCommand.class},
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done: a run has made its last step", "1:tried, and failed",
                "2:bad input: nothing was started",
                "3:a run ended early, because another of its processes was asked to end",
                "129:a run ended early, by SIGHUP", "130:a run ended early, by SIGINT (Ctrl-C)",
                "141:the program that read the output wanted no more of it, as head does",
                "143:a run ended early, by SIGTERM"})
public final class Main {
    /**
     * System property with the descriptor of the true standard error. The launcher script sets it: until {@link #main} runs, standard error goes through a
     * filter of the script.
     */
    private static final String KEPT_ERRORS = "moe4j.stderr";
    private static final int STANDARD_INPUT = 0;
    private static final int STANDARD_OUTPUT = 1;
    private static final int STANDARD_ERROR = 2;

    private final Screen screen;
    private final Screen errorScreen;
    private final Optional<TerminalCalls> calls;

    private Main(Screen screen, Screen errorScreen, Optional<TerminalCalls> calls) {
        this.screen = screen;
        this.errorScreen = errorScreen;
        this.calls = calls;
    }

    /** Runs a command and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        Lifeline.hold();
        Optional<TerminalCalls> calls = TerminalCalls.find();
        Optional.ofNullable(Integer.getInteger(KEPT_ERRORS)).ifPresent(
                kept -> calls.ifPresent(open -> open.move(kept, STANDARD_ERROR)));
        StandardOutput output = StandardOutput.open();
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        Main command = new Main(Screen.standardOutput(calls, System.getenv()),
                Screen.standardError(calls, System.getenv()), calls);
        System.exit(run(command, output, err, arguments));
    }

    /** Runs a command that writes to {@code output}; for tests too. */
    static int run(StandardOutput output, PrintWriter err, String... arguments) {
        return run(new Main(Screen.none(), Screen.none(), Optional.empty()), output, err, arguments);
    }

    private static int run(Main command, StandardOutput output, PrintWriter err, String... arguments) {
        return command.run(new PrintWriter(output, true, StandardCharsets.UTF_8), err, output::hasReaderEnded,
                arguments);
    }

    /**
     * Runs a command whose output does not go to a terminal.
     *
     * @return 0 done, 1 failed, 2 bad input; see {@code moe4j --help} for runs that end early
     */
    public static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return new Main(Screen.none(), Screen.none(), Optional.empty()).run(out, err, () -> false, arguments);
    }

    private int run(PrintWriter out, PrintWriter err, BooleanSupplier readerEnded, String... arguments) {
        CommandLine commandLine = new CommandLine(this);
        commandLine.registerConverter(Path.class, new GivenPath());
        ConfigOptions.keepOthers(commandLine);
        LaunchCommand.keepCommand(commandLine);
        commandLine.setOut(out).setErr(err);
        commandLine.setAbbreviatedOptionsAllowed(false);
        commandLine.setExecutionExceptionHandler(new FailureReport());
        commandLine.setParameterExceptionHandler(FailureReport::badArguments);
        int code = commandLine.execute(arguments);
        if (out.checkError()) {
            if (readerEnded.getAsBoolean()) {
                return code == ExitCode.OK || code == ExitCode.FAILED ? ExitCode.READER_ENDED : code;
            }
            err.println("error: the output could not be written in full: its disk is full, or its reader has ended");
            return code == ExitCode.OK ? ExitCode.FAILED : code;
        }
        return code;
    }

    /** Whether a person types the input. */
    boolean isInputTerminal() {
        return isTerminal(STANDARD_INPUT);
    }

    /** Whether a person sees the output. */
    boolean isOutputTerminal() {
        return isTerminal(STANDARD_OUTPUT);
    }

    /** Without the calls of the C library, only {@link System#console()} can tell: it is a terminal if both its input and its output are. */
    private boolean isTerminal(int descriptor) {
        return calls.map(open -> open.isTerminal(descriptor)).orElseGet(
                () -> Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false));
    }

    /** The properties of standard output. */
    Screen screen() {
        return screen;
    }

    /** The properties of standard error. */
    Screen errorScreen() {
        return errorScreen;
    }
}
