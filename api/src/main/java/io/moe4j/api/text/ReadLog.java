package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Receives what is wrong with a file. The host counts it and tells people.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ReadLog {

    /**
     * A line, row or entry is not a document. If this returns, the reader goes on with the next one.
     *
     * @param where its place: {@code x.jsonl, line 7}
     * @param problem continues a sentence that begins with the place: {@code has no string "text"}
     * @throws io.moe4j.api.InputException if that ends the run ({@code data.on_bad_line = "fail"})
     */
    void badLine(String where, String problem);

    /** Whether {@link #badLine} returns, so that lines may be left out. */
    boolean skipsBadLines();

    /** Characters of the last document were replaced by U+FFFD, since they were halves of one. */
    void loneSurrogates(long count);
}
