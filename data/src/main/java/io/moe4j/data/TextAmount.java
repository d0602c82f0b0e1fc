package io.moe4j.data;

import io.moe4j.api.Shown;

/**
 * The amount of text that was found until there was enough, or all was read.
 *
 * @param tokens number of tokens that were found
 * @param badLines number of lines that were left out by {@link BadLines#SKIP}
 */
record TextAmount(long tokens, long badLines) {
    static final TextAmount NONE = new TextAmount(0, 0);

    TextAmount plus(TextAmount other) {
        return new TextAmount(tokens + other.tokens, badLines + other.badLines);
    }

    /** For an error about too little text: the number of lines that were left out, for example because their field has another name. Empty if none were. */
    String leftOut() {
        return leftOut(badLines);
    }

    /** As {@link #leftOut()}. */
    static String leftOut(long badLines) {
        return badLines == 0 ? "" : " (" + Shown.count(badLines, "bad line") + " " + (badLines == 1 ? "was" : "were")
                + " left out, as data.on_bad_line = \"skip\" says; \"fail\" tells what is wrong with the first)";
    }
}
