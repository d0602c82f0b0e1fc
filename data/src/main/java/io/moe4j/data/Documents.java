package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The documents of one source, in order. */
interface Documents extends AutoCloseable {

    /** The next document's text in UTF-8, valid until the next call; empty behind the last. */
    Optional<InputStream> next() throws IOException;

    @Override
    void close() throws IOException;
}
