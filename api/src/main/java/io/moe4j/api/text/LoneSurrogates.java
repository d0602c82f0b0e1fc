package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Unpaired surrogates, such as <code>&#92;ud83d</code> alone. UTF-8 cannot encode them; they are replaced by U+FFFD.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class LoneSurrogates {
    private static final int REPLACEMENT = 0xFFFD;

    private LoneSurrogates() {}

    /** The number of unpaired surrogates in {@code text}. */
    public static long count(String text) {
        return text.codePoints().filter(LoneSurrogates::isLone).count();
    }

    /** The text with U+FFFD instead of each unpaired surrogate; it has the same number of UTF-16 units. */
    public static String replaced(String text) {
        return count(text) == 0 ? text
                : text.codePoints().map(each -> isLone(each) ? REPLACEMENT : each)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    /** Whether a code point of {@link String#codePoints} is an unpaired surrogate; for a pair, that method returns the character. */
    private static boolean isLone(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }
}
