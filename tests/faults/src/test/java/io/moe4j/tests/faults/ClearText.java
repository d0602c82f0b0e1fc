package io.moe4j.tests.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Whether a person who reads an error knows where it is and what to do. */
final class ClearText {
    private static final Pattern REMEDY = Pattern.compile(
            "(?i)\\b(add|begin anew|choose|continue|free|give|look at|make sure|must have|raise|remove|set|start)\\b");
    private static final Pattern INTERNAL = Pattern.compile("\\bat [a-z]\\w*(\\.\\w+)+\\(|NullPointer|OutOfBounds"
            + "|ClassCast|IllegalState|IllegalArgument|AssertionError|StackOverflow|OutOfMemory|null$");

    private ClearText() {}

    /** What a command line shows of a failure: its message, and those of its causes that say something else. */
    static String of(Throwable failure) {
        List<String> parts = new ArrayList<>();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            String message = each.getMessage() == null ? each.toString() : each.getMessage();
            if (parts.stream().noneMatch(part -> part.contains(message))) {
                parts.add(message);
            }
        }
        return String.join("; because: ", parts);
    }

    /**
     * Looks for what is missing in an error.
     *
     * @param where what it must name, such as a file or a rank; one of them is enough
     */
    static Optional<String> flaw(String text, List<String> where) {
        if (where.stream().noneMatch(text::contains)) {
            return Optional.of("none of " + where + " is named: " + text);
        }
        if (!REMEDY.matcher(text).find()) {
            return Optional.of("no remedy is given: " + text);
        }
        if (INTERNAL.matcher(text).find()) {
            return Optional.of("it shows what is inside: " + text);
        }
        return Optional.empty();
    }
}
