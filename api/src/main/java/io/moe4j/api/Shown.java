package io.moe4j.api;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Text of unknown origin, made safe for a message: on one line, not too long, without control characters that a terminal would execute.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Shown {
    private static final int LONGEST = 300;
    private static final double THOUSAND = 1000;
    private static final double KIBI = 1024;
    private static final List<String> NUMBERS = List.of("", " thousand", " million", " billion", " trillion");
    private static final List<String> BYTES = List.of(" bytes", " KiB", " MiB", " GiB", " TiB");
    /** Values from this one on are shown without decimals; values from {@link #ONE_DECIMAL} on with one decimal. */
    private static final double NO_DECIMAL = 99.95;
    private static final double ONE_DECIMAL = 9.995;

    private Shown() {}

    /**
     * Escapes control characters: text that would clear the screen becomes {@code a\u001b[2J}. A text of more than 300 characters is cut there, and
     * its length is added; null is shown as {@code null}.
     */
    public static String of(@Nullable Object text) {
        String whole = String.valueOf(text);
        int end = Math.min(whole.length(), LONGEST);
        StringBuilder shown = new StringBuilder();
        whole.substring(0, end).codePoints().forEach(c -> {
            if (isObeyed(c)) {
                shown.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08x" : "\\u%04x", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return end == whole.length() ? shown.toString()
                : shown + String.format(Locale.ROOT, "... (%,d characters)", whole.length());
    }

    /**
     * A number of things: {@code 1 step}, {@code 0 steps}, {@code 1,234 steps}.
     *
     * @param noun the noun in the singular, whose plural ends in s
     * @since 0.3.0
     */
    public static String count(long number, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", number, noun, number == 1 ? "" : "s");
    }

    /**
     * A large number in three digits: {@code 712}, {@code 33.0 million}, {@code 671 billion}.
     *
     * @since 0.3.0
     */
    public static String number(long number) {
        return scaled(number, THOUSAND, NUMBERS);
    }

    /**
     * A size in three digits: {@code 360 bytes}, {@code 207 MiB}, {@code 74.7 GiB}.
     *
     * @since 0.3.0
     */
    public static String bytes(long bytes) {
        return scaled(bytes, KIBI, BYTES);
    }

    /**
     * Names of ranks: {@code rank 2}, {@code ranks 0 to 3}, {@code ranks 0, 2 and 3}.
     *
     * @param ranks at least one, in any order
     * @since 0.3.0
     */
    public static String ranks(Collection<Integer> ranks) {
        List<Integer> sorted = List.copyOf(new TreeSet<>(ranks));
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (at < sorted.size()) {
            int end = at;
            while (end + 1 < sorted.size() && sorted.get(end + 1) == sorted.get(end) + 1) {
                end++;
            }
            if (end - at < 2) {
                sorted.subList(at, end + 1).forEach(rank -> parts.add(rank.toString()));
            } else {
                parts.add(sorted.get(at) + " to " + sorted.get(end));
            }
            at = end + 1;
        }
        String last = parts.removeLast();
        return (sorted.size() == 1 ? "rank " : "ranks ")
                + (parts.isEmpty() ? last : String.join(", ", parts) + " and " + last);
    }

    /**
     * The message of a JSON or TOML parser on one line, without the part of Jackson's messages that only says that the source is not shown.
     *
     * @param message the message of the parser's exception
     * @since 0.3.0
     */
    public static String parserMessage(@Nullable String message) {
        return of(String.valueOf(message).lines().findFirst().orElse("").replaceFirst(" \\(start marker at \\[Source.*",
                ""));
    }

    /**
     * JSON text that can be written as UTF-8: unpaired surrogates, which UTF-8 cannot encode and which would become question marks, are replaced by JSON
     * escapes such as {@code \\ud800}.
     *
     * @param json a complete JSON text
     * @since 0.3.0
     */
    public static String json(String json) {
        StringBuilder text = new StringBuilder(json.length());
        json.codePoints().forEach(c -> {
            if (Character.getType(c) == Character.SURROGATE) {
                text.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                text.appendCodePoint(c);
            }
        });
        return text.toString();
    }

    /**
     * What went wrong with a file: {@code permission denied: /data/a.txt}, {@code there is no /data/a.txt}. The message of some of Java's exceptions is only
     * the path, because their class gives the reason.
     *
     * @param problem the exception of a file operation; if it wraps another one, that one is described
     * @since 0.3.0
     */
    public static String fileProblem(Exception problem) {
        Exception told = problem instanceof UncheckedIOException && problem.getCause() instanceof IOException cause
                ? cause : problem;
        if (!(told instanceof FileSystemException file) || file.getReason() != null || file.getFile() == null) {
            return told.getMessage() == null ? told.getClass().getSimpleName() : told.getMessage();
        }
        String name = String.valueOf(file.getFile());
        return switch (file) {
            case AccessDeniedException denied -> "permission denied: " + name;
            case NoSuchFileException missing -> "there is no " + name;
            case NotDirectoryException other -> name + " is no folder";
            case DirectoryNotEmptyException full -> name + " is not empty";
            case FileAlreadyExistsException there -> name
                    + (Files.exists(Path.of(name)) ? " is there already" : " is a link to what is not there");
            default -> file.getClass().getSimpleName() + ": " + name;
        };
    }

    private static String scaled(long number, double step, List<String> units) {
        double value = number;
        int unit = 0;
        // A value that would be rounded to 1000 is shown in the next unit.
        while (value >= THOUSAND - 0.5 && unit < units.size() - 1) {
            value /= step;
            unit++;
        }
        int decimals = unit == 0 || value >= NO_DECIMAL ? 0 : value >= ONE_DECIMAL ? 1 : 2;
        return String.format(Locale.ROOT, "%,." + decimals + "f%s", value, units.get(unit));
    }

    /** Whether a character must be escaped: control characters, characters that change the direction of writing, and unpaired surrogates. */
    public static boolean isObeyed(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR || type == Character.SURROGATE;
    }
}
