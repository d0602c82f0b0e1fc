package io.moe4j.tokenizer.huggingface;

import java.util.Arrays;

/**
 * Where a text may be cut so that the concatenated ids of the pieces are the ids of the whole text. Only cuts that {@link CutRules} has proved for a
 * tokenizer are made: before a space that follows certain characters, and after a line feed that a visible ASCII character follows.
 *
 * <p>"To be, or not" has the pieces "To", " be,", " or" and " not".
 *
 * @param beforeSpace for each ASCII code, whether a text may be cut between this character and a space
 * @param afterLetters whether it may also be cut between a letter beyond ASCII and a space
 * @param afterLineFeed whether it may be cut after a line feed
 */
@SuppressWarnings("ArrayRecordComponent") // for use within this package
record Cuts(boolean[] beforeSpace, boolean afterLetters, boolean afterLineFeed) {
    private static final int ASCII = 128;

    /** No cut at all: texts are encoded as a whole. */
    static Cuts none() {
        return new Cuts(new boolean[ASCII], false, false);
    }

    /** After the ASCII characters of {@code characters}. */
    static Cuts after(String characters) {
        boolean[] set = new boolean[ASCII];
        characters.chars().forEach(c -> set[c] = true);
        return new Cuts(set, false, false);
    }

    Cuts withLetters(boolean value) {
        return new Cuts(beforeSpace, value, afterLineFeed);
    }

    Cuts withLineFeed(boolean value) {
        return new Cuts(beforeSpace, afterLetters, value);
    }

    /** Whether there is any place to cut. */
    boolean any() {
        return afterLineFeed || afterLetters || !Arrays.equals(beforeSpace, new boolean[ASCII]);
    }

    /** The first cut after {@code from} and before {@code to}, or {@code to}. */
    int next(byte[] text, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            if (isCut(text, from, i)) {
                return i;
            }
        }
        return to;
    }

    /** The last cut after {@code from} and before {@code to}, or {@code from}. */
    int last(byte[] text, int from, int to) {
        for (int i = to - 1; i > from; i--) {
            if (isCut(text, from, i)) {
                return i;
            }
        }
        return from;
    }

    private boolean isCut(byte[] text, int from, int at) {
        byte left = text[at - 1];
        byte right = text[at];
        return right == ' ' ? left >= 0 ? beforeSpace[left] : afterLetters && endsWithLetter(text, from, at)
                : left == '\n' && afterLineFeed && right > ' ' && right < 0x7F;
    }

    /** Whether a letter of two or three bytes ends here. The bytes must be valid UTF-8: an invalid byte would be replaced by another character. */
    private static boolean endsWithLetter(byte[] text, int from, int to) {
        if (to - from >= 2 && isNext(text[to - 1]) && (text[to - 2] & 0xE0) == 0xC0) {
            int letter = (text[to - 2] & 0x1F) << 6 | (text[to - 1] & 0x3F);
            return letter >= 0x80 && Character.isLetter(letter);
        }
        if (to - from >= 3 && isNext(text[to - 1]) && isNext(text[to - 2]) && (text[to - 3] & 0xF0) == 0xE0) {
            int letter = (text[to - 3] & 0x0F) << 12 | (text[to - 2] & 0x3F) << 6 | (text[to - 1] & 0x3F);
            return letter >= 0x800 && Character.isLetter(letter);
        }
        return false;
    }

    private static boolean isNext(byte value) {
        return (value & 0xC0) == 0x80;
    }
}
