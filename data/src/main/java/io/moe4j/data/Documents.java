package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The documents of one source, in order. */
interface Documents extends AutoCloseable {

    /** The next document's text in UTF-8, valid until the next call; empty after the last. */
    Optional<InputStream> next() throws IOException;

    /** Looks at the beginning of what there is, and refuses what cannot be read. Nothing else may be called then, but {@link #close()}. */
    default void checkHead() throws IOException {
        next();
    }

    /** Where reading is, for messages: {@code x.zip!/a.jsonl, line 7}. */
    String where();

    @Override
    void close() throws IOException;
}
