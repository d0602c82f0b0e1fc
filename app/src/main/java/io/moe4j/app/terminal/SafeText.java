package io.moe4j.app.terminal;

import io.moe4j.api.Shown;
import java.util.Locale;

/**
 * Makes text of a model safe for a terminal. Control characters that a terminal would interpret, such as an escape sequence that clears the screen, are shown
 * as codes. Line ends, tabs, and the two joiner characters that emoji and several scripts need are kept.
 */
public final class SafeText {
    private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
    private static final int ZERO_WIDTH_JOINER = 0x200D;

    private SafeText() {}

    /** The text without control characters: ESC becomes {@code \}{@code u001b}. */
    public static String of(String text) {
        StringBuilder safe = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c == '\n' || c == '\t' || c == ZERO_WIDTH_JOINER || c == ZERO_WIDTH_NON_JOINER || !Shown.isObeyed(c)) {
                safe.appendCodePoint(c);
            } else {
                safe.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08x" : "\\u%04x", c));
            }
        });
        return safe.toString();
    }
}
