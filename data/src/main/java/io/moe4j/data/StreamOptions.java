package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * How a corpus becomes sequences.
 *
 * @param sequenceTokens S; a sequence has one token more
 * @param seed seed of the order
 * @param epochs number of epochs after which the corpus is used up; 0 for never
 * @param shuffleTokens tokens of a block, within which sequences are shuffled; 0 leaves files and sequences in their order
 * @param split which documents are read
 * @param tellsBadLines whether bad lines that are left out are logged in the first epoch, the first few of them; they are counted in any case
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record StreamOptions(int sequenceTokens, long seed, long epochs, int shuffleTokens, DocumentSplit split,
        boolean tellsBadLines) {
    /** Tokens of a block, unless another number is given. Larger blocks shuffle better, and take more memory and time to read. */
    public static final int SHUFFLE_TOKENS = 1 << 22;

    public StreamOptions {
        if (sequenceTokens < 1 || sequenceTokens > Integer.MAX_VALUE - 9 || epochs < 0 || shuffleTokens < 0) {
            throw new IllegalArgumentException("sequences of " + sequenceTokens + " tokens, " + epochs
                    + " epochs and blocks of " + shuffleTokens + " tokens: at least 1, 0 and 0 are needed");
        }
    }

    /** Bad lines are logged in the first epoch. */
    public StreamOptions(int sequenceTokens, long seed, long epochs, int shuffleTokens, DocumentSplit split) {
        this(sequenceTokens, seed, epochs, shuffleTokens, split, true);
    }

    /** The same, without a word about bad lines. */
    StreamOptions quiet() {
        return new StreamOptions(sequenceTokens, seed, epochs, shuffleTokens, split, false);
    }

    /** Sequences of a block. */
    int blockSequences() {
        return shuffleTokens == 0 ? Math.max(1, SHUFFLE_TOKENS / 64 / (sequenceTokens + 1))
                : Math.max(1, shuffleTokens / (sequenceTokens + 1));
    }
}
