package io.moe4j.data;

import io.moe4j.api.Shown;

/**
 * How much text was found before enough was, or all was read.
 *
 * @param tokens that were found
 * @param badLines that were left out on the way, as {@link BadLines#SKIP} says
 */
record TextAmount(long tokens, long badLines) {
    static final TextAmount NONE = new TextAmount(0, 0);

    TextAmount plus(TextAmount other) {
        return new TextAmount(tokens + other.tokens, badLines + other.badLines);
    }

    /** For an error about too little text: what else was there, such as a field of another name in each line. Empty if no line was left out. */
    String leftOut() {
        return leftOut(badLines);
    }

    /** As {@link #leftOut()}. */
    static String leftOut(long badLines) {
        return badLines == 0 ? "" : " (" + Shown.count(badLines, "bad line") + " " + (badLines == 1 ? "was" : "were")
                + " left out, as data.on_bad_line = \"skip\" says; \"fail\" tells what is wrong with the first)";
    }
}
