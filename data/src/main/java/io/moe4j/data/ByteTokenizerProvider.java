package io.moe4j.data;

import io.moe4j.api.Stability;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.text.Tokenizer;
import io.moe4j.api.text.TokenizerProvider;
import java.nio.file.Path;
import java.util.Optional;

/**
 * {@code bytes}: each byte is an id.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ByteTokenizerProvider implements TokenizerProvider {

    /** For the service loader. */
    public ByteTokenizerProvider() {}

    @Override
    public String id() {
        return "bytes";
    }

    @Override
    public String spiVersion() {
        return TokenizerProvider.SPI_VERSION;
    }

    @Override
    public String description() {
        return "each byte is an id, 256 ends a document";
    }

    @Override
    public Availability probe() {
        return new Availability.Available();
    }

    @Override
    public boolean reads(Path path) {
        return false;
    }

    @Override
    public Tokenizer open(Optional<Path> path) {
        return new ByteTokenizer();
    }
}
