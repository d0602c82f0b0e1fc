package io.moe4j.api.text;

import io.moe4j.api.Stability;

/**
 * Receives reports of problems in a file. The host counts and logs them.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ReadLog {

    /**
     * Reports a line, row or entry that is not a document. If this returns, the reader continues with the next one.
     *
     * @param where its place: {@code x.jsonl, line 7}
     * @param problem the rest of a sentence that begins with the place: {@code has no string "text"}
     * @throws io.moe4j.api.InputException if that ends the run ({@code data.on_bad_line = "fail"})
     */
    void badLine(String where, String problem);

    /** Whether {@link #badLine} returns, so that lines may be left out. */
    boolean skipsBadLines();

    /** Reports that {@code count} unpaired surrogates of the last document were replaced by U+FFFD. */
    void loneSurrogates(long count);
}
