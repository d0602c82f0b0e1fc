package io.moe4j.api.text;

import io.moe4j.api.Stability;
import java.io.InputStream;
import java.util.Optional;

/**
 * A document that is read lazily: first its prompt, if it has one, and then its text. Start from {@link #of}; components may be added in later minor
 * versions.
 *
 * @param prompt the part before the text, in UTF-8; its tokens have no loss
 * @param text the text to learn, in UTF-8
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Document(Optional<InputStream> prompt, InputStream text) {

    /** A document without a prompt. */
    public static Document of(InputStream text) {
        return new Document(Optional.empty(), text);
    }

    /** With a prompt. */
    public Document withPrompt(InputStream value) {
        return new Document(Optional.of(value), text);
    }
}
