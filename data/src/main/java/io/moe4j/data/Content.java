package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;

/** The bytes of a file, of an entry of an archive, or of a resource; can be opened more than once. */
@FunctionalInterface
interface Content {
    InputStream open() throws IOException;

    /** The path, if the bytes are those of a whole file. */
    default Optional<Path> file() {
        return Optional.empty();
    }
}
