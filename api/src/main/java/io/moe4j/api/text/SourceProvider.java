package io.moe4j.api.text;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import java.io.IOException;

/**
 * The SPI of formats of training text: how a file is read as documents. A provider is chosen by the name of a file; the host handles folders, archives and
 * compression.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface SourceProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. */
    String SPI_VERSION = "1.1";

    /** Whether it reads files of this name, such as {@code part-3.parquet}: the name alone, in lower case, without folders and compression. */
    boolean reads(String name);

    /** Whether it reads conversations, see {@link ReadRequest#messagesField()}. The host requests conversations only from such providers. */
    default boolean readsMessages() {
        return false;
    }

    /**
     * Opens a file. The caller closes the reader.
     *
     * @throws IOException if it cannot be read, or is damaged
     * @throws io.moe4j.api.InputException if it is not what its name says, or has no such position or field
     */
    DocumentReader open(ReadRequest request) throws IOException;
}
