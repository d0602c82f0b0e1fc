package io.moe4j.app.terminal;

/** The line of a terminal that is rewritten. */
@FunctionalInterface
public interface LiveLine {

    /** The text for a terminal of {@code columns}, always shorter than that, so that it never wraps. */
    String line(int columns);

    /** A text that is cut where the terminal ends. */
    static LiveLine of(String text) {
        return columns -> text.substring(0, Math.min(Math.max(0, columns - 1), text.length())).stripTrailing();
    }
}
