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
     * @throws io.moe4j.api.InputException if what is read is not what it should be; the message has the place and a remedy
     */
    Optional<Document> next() throws IOException;

    /**
     * The position after the document that {@link #next()} gave last, and before the first call the one that was asked for: a reader that is opened
     * there reads the documents that follow, and no other. Text of at most 500 characters that only the provider understands; empty for the beginning.
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
