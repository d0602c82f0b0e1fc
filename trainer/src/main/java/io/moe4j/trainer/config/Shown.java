package io.moe4j.trainer.config;

import java.util.Locale;

/** Text of unknown origin as it is shown in a message: on one line, not too long, without characters that a terminal obeys. */
final class Shown {
    private static final int LONGEST = 300;

    private Shown() {}

    /** For example, {@code a\u001b[2J} for text that would clear the screen. */
    static String of(String text) {
        String start = text.length() <= LONGEST ? text : text.substring(0, LONGEST);
        StringBuilder shown = new StringBuilder();
        start.chars().forEach(c -> {
            if (isObeyed(c)) {
                shown.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                shown.append((char) c);
            }
        });
        return start.length() == text.length() ? shown.toString()
                : shown + String.format(Locale.ROOT, "... (%,d characters)", text.length());
    }

    /** Control characters, and those that turn the direction of writing. */
    static boolean isObeyed(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.FORMAT || type == Character.LINE_SEPARATOR
                || type == Character.PARAGRAPH_SEPARATOR;
    }
}
