package io.moe4j.api;

import java.util.Locale;

/** Text of unknown origin as it is shown in a message: on one line, not too long, without characters that a terminal obeys. */
@Stability(Stability.Level.EVOLVING)
public final class Shown {
    private static final int LONGEST = 300;

    private Shown() {}

    /** For example, {@code a\u001b[2J} for text that would clear the screen. Of a longer text, the first 300 characters and how many it has. */
    public static String of(Object text) {
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

    /** Control characters, those that turn the direction of writing, and halves of characters. */
    public static boolean isObeyed(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR || type == Character.SURROGATE;
    }
}
