package io.moe4j.chattemplate.python;

/** Texts as sequences of code points, as in Python: a character outside the 16-bit range counts as one, where Java has two units. */
public final class CodePoints {

    private CodePoints() {}

    /** How many characters a text has. */
    public static int count(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The characters from one (inclusive) to another (exclusive), both within the text. */
    public static String slice(String text, int from, int to) {
        if (count(text) == text.length()) {
            return text.substring(from, to);
        }
        int begin = text.offsetByCodePoints(0, from);
        return text.substring(begin, text.offsetByCodePoints(begin, to - from));
    }
}
