package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The source from which a tokenizer is opened.
 *
 * @param path a file or folder that the provider reads; empty if the configuration gives the provider's id
 * @param endToken the token that ends a document, as written in the vocabulary, such as {@code <|endoftext|>}; if empty, the tokenizer's own
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record TokenizerSource(Optional<Path> path, Optional<String> endToken) {

    /** Without a path. */
    public static TokenizerSource ofId() {
        return new TokenizerSource(Optional.empty(), Optional.empty());
    }

    /** A file or folder. */
    public static TokenizerSource of(Path path) {
        return new TokenizerSource(Optional.of(path), Optional.empty());
    }

    /** With another value of {@code endToken}. */
    public TokenizerSource withEndToken(Optional<String> value) {
        return new TokenizerSource(path, value);
    }
}
