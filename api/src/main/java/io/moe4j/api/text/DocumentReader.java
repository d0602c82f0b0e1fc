package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.util.Optional;

/**
 * Reads the documents of a file one after another. For use by one thread.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DocumentReader extends AutoCloseable {

    /**
     * The next document, valid until the next call; empty after the last. Its streams need not be read to their ends.
     *
     * @throws IOException if the file cannot be read, or is damaged
     * @throws io.moe4j.api.InputException if the content is not as expected; the message has the place and a remedy
     */
    Optional<Document> next() throws IOException;

    /**
     * The position after the last document that {@link #next()} returned; before the first call, the position at which the reader was opened. A reader that is
     * opened there reads exactly the documents that follow. Text of at most 500 characters that only the provider understands; empty for the beginning.
     */
    String position();

    /** The place of the last document, for messages: {@code x.jsonl, line 7}. */
    String where();

    /** Checks the beginning of the file, and throws if it cannot be read. Afterwards only {@link #close()} may be called. */
    default void checkHead() throws IOException {
        next();
    }

    @Override
    void close() throws IOException;
}
