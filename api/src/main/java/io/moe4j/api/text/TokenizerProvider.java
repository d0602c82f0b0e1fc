package io.moe4j.api.text;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Provider;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The SPI of tokenizers. A configuration selects one by its id, or by the path of a file that it reads.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public interface TokenizerProvider extends Provider {

    /** The version of this SPI; see {@link Provider#spiVersion()}. */
    String SPI_VERSION = "1.0";

    /** Whether it reads this file or folder: decided by its name and what is in a folder, without reading much. */
    boolean reads(Path path);

    /**
     * Opens a tokenizer.
     *
     * @param path what it is read from; empty if the configuration gives the provider's id
     * @throws io.moe4j.api.InputException if the path is needed and missing, or cannot be read
     */
    Tokenizer open(Optional<Path> path);
}
