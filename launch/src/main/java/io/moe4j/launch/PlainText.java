package io.moe4j.launch;

import io.moe4j.api.Stability;
import java.util.Locale;

/**
 * Text that came from another process, made safe for terminals and logs.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class PlainText {

    private PlainText() {}

    /**
     * The text, with each character that could control a terminal or change the order in which text is shown written as a code: an escape character
     * becomes {@code \}{@code u001b}. Line ends and tabs stay.
     */
    public static String of(String text) {
        if (text.codePoints().allMatch(PlainText::isPlain)) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            if (isPlain(c)) {
                plain.appendCodePoint(c);
            } else {
                plain.append(String.format(Locale.ROOT, c > 0xffff ? "\\U%08x" : "\\u%04x", c));
            }
        });
        return plain.toString();
    }

    private static boolean isPlain(int c) {
        return c == '\n' || c == '\t' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
