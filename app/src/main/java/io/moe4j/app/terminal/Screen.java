package io.moe4j.app.terminal;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * What standard output or standard error is.
 *
 * @param interactive whether people watch, on a terminal that can rewrite a line
 * @param columns its width now; asked before each drawing, so that a changed width needs no signal
 */
public record Screen(boolean interactive, Supplier<OptionalInt> columns) {
    private static final int STANDARD_OUTPUT = 1;
    private static final int STANDARD_ERROR = 2;
    private static final int USUAL_COLUMNS = 80;

    /** A file, a pipe, or a test. */
    public static Screen none() {
        return new Screen(false, OptionalInt::empty);
    }

    /**
     * The standard output of this process.
     *
     * @param calls what can be asked about it
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
        String type = environment.getOrDefault("TERM", "");
        if (type.isEmpty() || type.equals("dumb") || calls.isEmpty() || !calls.get().isTerminal(descriptor)) {
            return none();
        }
        TerminalCalls open = calls.get();
        return new Screen(true, () -> open.columns(descriptor));
    }

    /** The width to draw for. */
    public int width() {
        return columns.get().orElse(USUAL_COLUMNS);
    }
}
