package io.moe4j.chattemplate.python;

import java.util.Locale;

/** Upper and lower case, and classes of characters, as Python defines them. */
public final class Case {
    private static final String CJK_NUMBERS = "〇一二三四五六七八九十百千万萬億亿兆零壹贰叁肆伍陆柒捌玖拾佰仟两廿卅";

    /** Pairs of the first and last character of ranges of digits that are not decimal, such as digits in circles, in the 16-bit range. */
    private static final String OTHER_DIGITS = "\u00b2\u00b3\u00b9\u00b9\u1369\u1371\u19da\u19da\u2070\u2070\u2074\u2079\u2080\u2089\u2460\u2468"
            + "\u2474\u247c\u2488\u2490\u24ea\u24ea\u24f5\u24fd\u24ff\u24ff\u2776\u277e\u2780\u2788\u278a\u2792";

    private Case() {}

    /** The first character in title case, all others in lower case. */
    public static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int end = text.offsetByCodePoints(0, 1);
        return titled(text.codePointAt(0)) + text.substring(end).toLowerCase(Locale.ROOT);
    }

    /** Each word in title case; a word is a row of letters that have a case. */
    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            out.append(inWord ? Character.toString(c).toLowerCase(Locale.ROOT) : titled(c));
            inWord = isCased(c);
        }
        return out.toString();
    }

    private static String titled(int c) {
        int title = Character.toTitleCase(c);
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        return title != c || upper.length() == Character.charCount(c) ? Character.toString(title)
                : upper.charAt(0) + upper.substring(1).toLowerCase(Locale.ROOT);
    }

    static String swapped(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> out.append(Character.isUpperCase(c)
                ? Character.toString(c).toLowerCase(Locale.ROOT)
                : Character.isLowerCase(c) ? Character.toString(c).toUpperCase(Locale.ROOT) : Character.toString(c)));
        return out.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** Whether there are letters that have a case, and all of them are upper case. */
    public static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    /** Whether there are letters that have a case, and all of them are lower case. */
    public static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean inWord = false;
        boolean any = false;
        for (int c : text.codePoints().toArray()) {
            boolean begins = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (isCased(c) && begins == inWord) {
                return false;
            }
            inWord = isCased(c);
            any |= inWord;
        }
        return any;
    }

    static boolean isDigit(int c) {
        boolean other = false;
        for (int i = 0; i < OTHER_DIGITS.length(); i += 2) {
            other |= c >= OTHER_DIGITS.charAt(i) && c <= OTHER_DIGITS.charAt(i + 1);
        }
        return Character.isDigit(c) || other;
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || CJK_NUMBERS.indexOf(c) >= 0;
    }

    static boolean isIdentifier(String text) {
        return !text.isEmpty() && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                && text.codePoints()
                        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }
}
