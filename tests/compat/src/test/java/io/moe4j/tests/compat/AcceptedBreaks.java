package io.moe4j.tests.compat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Breaks that were decided on, each with its reason, from {@code accepted-breaks.txt}.
 *
 * @param lines the lines of {@link ApiComparison} about them; a {@code *} at the end stands for any further text
 */
record AcceptedBreaks(List<String> lines) {

    /** Reads the file. A line without a reason above it is an error. */
    static AcceptedBreaks read() throws IOException {
        try (InputStream in = Objects.requireNonNull(AcceptedBreaks.class.getResourceAsStream("accepted-breaks.txt"))) {
            List<String> lines = new ArrayList<>();
            boolean reason = false;
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                if (line.isBlank()) {
                    reason = false;
                } else if (line.startsWith("#")) {
                    reason = true;
                } else if (reason) {
                    lines.add(line.strip());
                } else {
                    throw new IllegalStateException("accepted-breaks.txt: \"" + line
                            + "\" has no reason; write one above it, after a #");
                }
            }
            return new AcceptedBreaks(List.copyOf(lines));
        }
    }

    /** The breaks that no line accepts. */
    List<String> notAccepted(List<String> breaks) {
        return breaks.stream().filter(each -> lines.stream().noneMatch(line -> matches(line, each))).toList();
    }

    /** Lines that accept a break that does not exist. */
    List<String> unused(List<String> breaks) {
        return lines.stream().filter(line -> breaks.stream().noneMatch(each -> matches(line, each))).toList();
    }

    private static boolean matches(String line, String found) {
        return line.endsWith("*") ? found.startsWith(line.substring(0, line.length() - 1)) : found.equals(line);
    }
}
