package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;

/** The bytes of a file, of an entry of an archive, or of a resource; may be opened more than once. */
@FunctionalInterface
interface Content {
    InputStream open() throws IOException;

    /** The file, if it is one of its own. */
    default Optional<Path> file() {
        return Optional.empty();
    }
}
