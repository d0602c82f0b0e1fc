package io.moe4j.chattemplate.python;

/** White space as Python defines it for {@code str.isspace}, {@code \s} and {@code strip} without arguments. */
public final class Spaces {

    private Spaces() {}

    /** Whether a character is white space. */
    public static boolean isSpace(int c) {
        return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
    }

    /** Whether all characters are white space; true for an empty text. */
    public static boolean isBlank(String text) {
        return skip(text, 0) == text.length();
    }

    /** The first position from here on that is not white space. */
    public static int skip(String text, int from) {
        int at = from;
        while (at < text.length() && isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** The text without white space at its end. */
    public static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** The text without white space at its start. */
    public static String stripStart(String text) {
        return text.substring(skip(text, 0));
    }
}
