package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Halves of characters without their other halves, such as <code>&#92;ud83d</code> alone. UTF-8 cannot write them; U+FFFD takes their place.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class LoneSurrogates {
    private static final int REPLACEMENT = 0xFFFD;

    private LoneSurrogates() {}

    /** How many {@code text} has. */
    public static long count(String text) {
        return text.codePoints().filter(LoneSurrogates::isLone).count();
    }

    /** The text with U+FFFD in the place of each; it has as many UTF-16 units. */
    public static String replaced(String text) {
        return count(text) == 0 ? text
                : text.codePoints().map(each -> isLone(each) ? REPLACEMENT : each)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    /** Of a pair, {@link String#codePoints} gives the character. */
    private static boolean isLone(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }
}
