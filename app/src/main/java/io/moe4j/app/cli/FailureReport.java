package io.moe4j.app.cli;

import io.moe4j.api.InputException;
import io.moe4j.launch.PlainText;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Reports a failure as one message, with the stack trace only if {@code --debug} was given. */
final class FailureReport implements IExecutionExceptionHandler {
    /** The end of picocli's message about a value that is not a number. */
    private static final Pattern NO_NUMBER = Pattern.compile("' is not an? (?:int|long|double)$");

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        if (failure instanceof ParameterException parameters) {
            return badArguments(parameters, parsed.originalArgs().toArray(String[]::new));
        }
        print(failure, command.getErr(), parsed.originalArgs().contains(CommonOptions.DEBUG));
        return failure instanceof InputException ? ExitCode.BAD_INPUT : ExitCode.FAILED;
    }

    /** Reports arguments that the command line itself does not understand. */
    static int badArguments(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        if (arguments.length == 0) {
            command.usage(command.getErr());
            return ExitCode.BAD_INPUT;
        }
        print(failure, command.getErr(), Arrays.asList(arguments).contains(CommonOptions.DEBUG));
        command.getErr().println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return ExitCode.BAD_INPUT;
    }

    private static void print(Throwable failure, PrintWriter err, boolean debug) {
        err.println("error: " + message(failure));
        if (debug) {
            failure.printStackTrace(err);
        } else if (!isWrongValue(failure)) {
            Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
            for (Throwable cause = failure.getCause(); cause != null && seen.add(cause); cause = cause.getCause()) {
                if (!message(failure).contains(message(cause))) {
                    err.println("  because: " + message(cause));
                }
            }
            if (!(failure instanceof InputException || failure instanceof ParameterException)) {
                err.println("(" + CommonOptions.DEBUG + " shows the stack trace)");
            }
        }
    }

    /** Says that no command or option has this name, and which has the nearest one. */
    private static String unknown(CommandLine.UnmatchedArgumentException failure) {
        CommandLine command = failure.getCommandLine();
        String given = failure.getUnmatched().getFirst();
        if (given.startsWith("-")) {
            return OptionNames.missing(command.getCommandSpec(), given);
        }
        if (command.getSubcommands().isEmpty()) {
            return OptionNames.tooMany(command.getCommandSpec(), given);
        }
        return "there is no command " + given + "; " + NearestName.of(given, command.getSubcommands().keySet())
                .map(near -> "the nearest is " + near)
                .orElseGet(() -> "there are " + String.join(", ", command.getSubcommands().keySet()));
    }

    /** Whether an option's value is not a number. The message of picocli's cause adds nothing to {@link #wrongValue}, and is left out. */
    private static boolean isWrongValue(Throwable failure) {
        return failure instanceof ParameterException parameters && parameters.getArgSpec() instanceof OptionSpec
                && NO_NUMBER.matcher(String.valueOf(failure.getMessage())).find();
    }

    /** What is wrong with a number, by the first name of the option: picocli takes its longest. */
    private static String wrongValue(ParameterException failure, OptionSpec option) {
        boolean whole = !String.valueOf(failure.getMessage()).endsWith("a double");
        return option.names()[0] + " " + failure.getValue() + ": it must be a " + (whole ? "whole number" : "number");
    }

    /** The message, in which an option has its first name: picocli takes its longest, such as --output-dir for --log-dir. */
    private static @Nullable String byFirstName(Throwable failure) {
        String message = failure.getMessage();
        ArgSpec argument = failure instanceof CommandLine.OverwrittenOptionException twice ? twice.getOverwritten()
                : failure instanceof ParameterException parameters ? parameters.getArgSpec() : null;
        return message != null && argument instanceof OptionSpec option
                ? message.replace("'" + option.longestName() + "'", "'" + option.names()[0] + "'") : message;
    }

    private static String message(Throwable failure) {
        if (isWrongValue(failure) && failure instanceof ParameterException parameters
                && parameters.getArgSpec() instanceof OptionSpec option) {
            return PlainText.of(wrongValue(parameters, option));
        }
        if (failure instanceof CommandLine.UnmatchedArgumentException unmatched) {
            return PlainText.of(unknown(unmatched));
        }
        String message = byFirstName(failure);
        return PlainText.of(message == null || message.isBlank() ? failure.toString() : message);
    }
}
