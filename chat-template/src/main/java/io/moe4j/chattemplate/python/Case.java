package io.moe4j.chattemplate.python;

import java.util.Locale;

/** Upper and lower case, and kinds of characters, as Python has them. */
public final class Case {
    private static final String CJK_NUMBERS = "〇一二三四五六七八九十百千万萬億亿兆零壹贰叁肆伍陆柒捌玖拾佰仟两廿卅";

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
        int value = Character.getNumericValue(c);
        return Character.isDigit(c) || (Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9);
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
