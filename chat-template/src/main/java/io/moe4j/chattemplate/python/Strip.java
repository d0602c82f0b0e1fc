package io.moe4j.chattemplate.python;

import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Removes characters at the ends of a text: white space, or the given characters. */
public final class Strip {

    private Strip() {}

    /** The text without these characters at both ends. */
    public static String both(String text, @Nullable Object characters) {
        return end(start(text, characters), characters);
    }

    /** The text without these characters at the start. */
    static String start(String text, @Nullable Object characters) {
        IntPredicate removed = removed(characters);
        int at = 0;
        while (at < text.length() && removed.test(text.codePointAt(at))) {
            at += Character.charCount(text.codePointAt(at));
        }
        return text.substring(at);
    }

    /** The text without these characters at the end. */
    static String end(String text, @Nullable Object characters) {
        IntPredicate removed = removed(characters);
        int end = text.length();
        while (end > 0 && removed.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(0, end);
    }

    private static IntPredicate removed(@Nullable Object characters) {
        if (characters == null || characters == None.NONE) {
            return Spaces::isSpace;
        }
        String named = Types.text(characters, "strip");
        return c -> named.indexOf(c) >= 0;
    }
}
