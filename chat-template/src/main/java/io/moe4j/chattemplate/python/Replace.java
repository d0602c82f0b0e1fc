package io.moe4j.chattemplate.python;

/** Replaces parts of a text. */
public final class Replace {

    private Replace() {}

    /**
     * The text with a part replaced, from left to right.
     *
     * @param old the part that is replaced; an empty text matches before, between and after all characters
     * @param count the largest number of replacements; negative for no limit
     */
    public static String replaced(String text, String old, String with, long count) {
        long most = count < 0 ? Long.MAX_VALUE : count;
        long found = Math.min(most, occurrences(text, old));
        Text.checkLength(text.length() + found * Math.max(0, with.length() - old.length()));
        if (found == 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        int at = 0;
        if (old.isEmpty()) {
            for (long i = 0; i < found; i++) {
                int next = at < text.length() ? text.offsetByCodePoints(at, 1) : at;
                out.append(with).append(text, at, next);
                at = next;
            }
        } else {
            for (long i = 0; i < found; i++) {
                int next = text.indexOf(old, at);
                out.append(text, at, next).append(with);
                at = next + old.length();
            }
        }
        return out.append(text, at, text.length()).toString();
    }

    /** The number of occurrences of a part in a text, without overlaps. */
    static long occurrences(String text, String part) {
        if (part.isEmpty()) {
            return CodePoints.count(text) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }
}
