package io.moe4j.tests.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Checks that an error says where it is and what to do. */
final class ClearText {
    private static final Pattern REMEDY = Pattern.compile(
            "(?i)\\b(add|begin anew|choose|continue|free|give|look at|make sure|must have|raise|remove|set|start)\\b");
    private static final Pattern INTERNAL = Pattern.compile("\\bat [a-z]\\w*(\\.\\w+)+\\(|NullPointer|OutOfBounds"
            + "|ClassCast|IllegalState|IllegalArgument|AssertionError|StackOverflow|OutOfMemory|null$");

    private ClearText() {}

    /** The text that the command line shows for a failure: its message, and those of its causes that say more. */
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
     * Says what is missing in an error's text.
     *
     * @param where texts of which it must contain at least one, such as a file or a rank
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
