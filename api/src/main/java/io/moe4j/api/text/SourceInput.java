package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * What a {@link DocumentReader} reads: a file, which may lie in an archive or be compressed. The host unpacks it.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface SourceInput {

    /** Its name, which determines its format: {@code web/part-3.jsonl}, {@code x.zip!/part-3.jsonl}; without the ending of a compression. */
    String name();

    /** Its name for messages, as the user knows it: {@link #name} with the ending of a compression, such as {@code web/part-3.jsonl.gz}. */
    default String shownName() {
        return name();
    }

    /**
     * Opens it.
     *
     * @param from the first byte to read, counted in the unpacked file. Costs nothing for a plain file; others are unpacked up to it
     */
    InputStream open(long from) throws IOException;

    /** A file with these bytes, for readers that need random access: the file itself, or an unpacked copy that the host removes after the reader is closed. */
    Path file() throws IOException;
}
