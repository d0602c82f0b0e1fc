package io.moe4j.app.terminal;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * The properties of standard output or standard error: whether it is a terminal, or a file or a pipe.
 *
 * @param terminal whether it is a terminal, so that lines should fit into its width
 * @param interactive whether it is a terminal that can rewrite a line
 * @param columns gives the terminal's current width, empty if unknown; called before each drawing, so that a changed width needs no signal
 */
public record Screen(boolean terminal, boolean interactive, Supplier<OptionalInt> columns) {
    private static final int STANDARD_OUTPUT = 1;
    private static final int STANDARD_ERROR = 2;
    private static final int USUAL_COLUMNS = 80;

    /** A file, a pipe, or a test. */
    public static Screen none() {
        return new Screen(false, false, OptionalInt::empty);
    }

    /**
     * The standard output of this process.
     *
     * @param calls native calls, if they can be made
     * @param environment such as {@link System#getenv()}; {@code TERM} unset, empty or {@code dumb} says that no line can be rewritten
     */
    public static Screen standardOutput(Optional<TerminalCalls> calls, Map<String, String> environment) {
        return of(STANDARD_OUTPUT, calls, environment);
    }

    /** The standard error of this process. */
    public static Screen standardError(Optional<TerminalCalls> calls, Map<String, String> environment) {
        return of(STANDARD_ERROR, calls, environment);
    }

    private static Screen of(int descriptor, Optional<TerminalCalls> calls, Map<String, String> environment) {
        if (calls.isEmpty() || !calls.get().isTerminal(descriptor)) {
            return none();
        }
        String type = environment.getOrDefault("TERM", "");
        TerminalCalls open = calls.get();
        return new Screen(true, !type.isEmpty() && !type.equals("dumb"), () -> open.columns(descriptor));
    }

    /** The number of columns that a line may take: the terminal's width, 80 if it is unknown; a large number for a file or a pipe. */
    public int width() {
        return terminal ? columns.get().orElse(USUAL_COLUMNS) : Integer.MAX_VALUE;
    }
}
