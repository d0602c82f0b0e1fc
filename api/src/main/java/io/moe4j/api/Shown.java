package io.moe4j.api;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Text of unknown origin, made safe for a message: on one line, not too long, without control characters that a terminal would execute.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Shown {
    private static final int LONGEST = 300;

    private Shown() {}

    /**
     * Escapes control characters: text that would clear the screen becomes {@code a\u001b[2J}. A text of more than 300 characters is cut there, and
     * its length is added; nothing is shown as {@code null}.
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
     * @param noun in the singular; an s makes it a plural
     * @since 0.3.0
     */
    public static String count(long number, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", number, noun, number == 1 ? "" : "s");
    }

    /** Whether a character must be escaped: control characters, those that change the direction of writing, and unpaired surrogates. */
    public static boolean isObeyed(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR || type == Character.SURROGATE;
    }
}
