package io.moe4j.data;

import io.moe4j.api.Stability;

/**
 * Counts of one pass over the data.
 *
 * @param documents texts that were read, empty ones included
 * @param badLines lines that were skipped; see {@link BadLines#SKIP}
 * @param loneSurrogates halves of a character, such as <code>&#92;ud83d</code> without its second half, that were replaced by U+FFFD
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataCounts(long documents, long badLines, long loneSurrogates) {

    /** The counts before anything is read. */
    public static final DataCounts NONE = new DataCounts(0, 0, 0);
}
