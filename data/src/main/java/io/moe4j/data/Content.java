package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;

/** Bytes that can be read any number of times. */
@FunctionalInterface
interface Content {
    InputStream open() throws IOException;

    /** Opens the bytes from {@code from} on. A file seeks to that byte; other content reads and discards the bytes before it. */
    default InputStream open(long from) throws IOException {
        InputStream in = open();
        try {
            in.skipNBytes(from);
            return in;
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /** The path, if the bytes are those of a whole file. */
    default Optional<Path> file() {
        return Optional.empty();
    }
}
