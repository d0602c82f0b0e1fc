package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * Counts of one pass over the data.
 *
 * @param documents texts that were read, empty ones included
 * @param emptyDocuments texts without a token: nothing of them is learned, not even their end
 * @param badLines lines that were skipped; see {@link BadLines#SKIP}
 * @param loneSurrogates halves of a character, such as <code>&#92;ud83d</code> without its second half, that were replaced by U+FFFD
 * @param invalidBytes bytes of plain texts that are not UTF-8, and were replaced by U+FFFD
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataCounts(long documents, long emptyDocuments, long badLines, long loneSurrogates, long invalidBytes) {

    /** The counts before anything is read. */
    public static final DataCounts NONE = new DataCounts(0, 0, 0, 0, 0);

    /** The sum of both. */
    public DataCounts plus(DataCounts other) {
        return new DataCounts(documents + other.documents, emptyDocuments + other.emptyDocuments,
                badLines + other.badLines, loneSurrogates + other.loneSurrogates, invalidBytes + other.invalidBytes);
    }

    /** Whether something was left out or replaced. */
    public boolean hasProblems() {
        return badLines + loneSurrogates + invalidBytes > 0;
    }
}
