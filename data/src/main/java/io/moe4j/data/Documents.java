package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The documents of one source, in order. */
interface Documents extends AutoCloseable {

    /** The next document's text in UTF-8, valid until the next call; empty after the last. */
    Optional<InputStream> next() throws IOException;

    /** Checks the beginning of the source, and throws if it cannot be read. Afterwards only {@link #close()} may be called. */
    default void checkHead() throws IOException {
        next();
    }

    /** The current position, for messages: {@code x.zip!/a.jsonl, line 7}. */
    String where();

    @Override
    void close() throws IOException;
}
