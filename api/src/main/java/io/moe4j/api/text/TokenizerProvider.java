package io.moe4j.api.text;

import io.moe4j.api.InputException;
import io.moe4j.api.Shown;
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
    String SPI_VERSION = "1.2";

    /** Whether it reads this file or folder: decided from its name, or from the names in the folder, without reading much. */
    boolean reads(Path path);

    /**
     * Opens a tokenizer.
     *
     * @param path the file or folder to read; empty if the configuration gives the provider's id
     * @throws InputException if the path is needed and missing, or cannot be read
     */
    Tokenizer open(Optional<Path> path);

    /**
     * Opens a tokenizer, with a choice of the token that ends a document.
     *
     * @throws InputException also if the tokenizer has no such token, or does not support a choice
     */
    default Tokenizer open(TokenizerSource source) {
        source.endToken().ifPresent(token -> {
            throw new InputException(
                    "the tokenizer " + id() + " has one token that ends a document, and data.end_token is \""
                            + Shown.of(token) + "\"; leave data.end_token empty");
        });
        return open(source.path());
    }
}
