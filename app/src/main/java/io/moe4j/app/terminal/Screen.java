package io.moe4j.app.terminal;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * What standard output is.
 *
 * @param interactive whether people watch, on a terminal that can rewrite a line
 * @param columns its width now; asked before each drawing, so that a changed width needs no signal
 */
public record Screen(boolean interactive, Supplier<OptionalInt> columns) {
    private static final int STANDARD_OUTPUT = 1;
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
        String type = environment.getOrDefault("TERM", "");
        if (type.isEmpty() || type.equals("dumb") || calls.isEmpty() || !calls.get().isTerminal(STANDARD_OUTPUT)) {
            return none();
        }
        TerminalCalls open = calls.get();
        return new Screen(true, () -> open.columns(STANDARD_OUTPUT));
    }

    /** The width to draw for. */
    int width() {
        return columns.get().orElse(USUAL_COLUMNS);
    }
}
