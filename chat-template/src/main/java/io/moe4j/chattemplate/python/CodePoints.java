package io.moe4j.chattemplate.python;

/** Texts by characters, as Python counts them: a character outside of the 16-bit range is one, where Java has two. */
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
