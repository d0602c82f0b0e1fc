package io.moe4j.trainer.config;

import io.moe4j.api.Stability;
import io.moe4j.data.BadLines;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What is read.
 *
 * @param path a text file, a JSONL file, or a folder of them; the packaged sources of this project if absent
 * @param tokenizer id of a tokenizer, such as {@code bytes}, or the path of a tokenizer.json or of its folder; {@code auto} for the one
 *     that {@link ConfiguredTokenizer} finds
 * @param endToken the token that ends a document, as it is written in the vocabulary; if absent, the one that the tokenizer's files name
 * @param onBadLine what becomes of a line of a JSONL file that is not an object with a text
 * @param documentBoundaries whether tokens attend within their document only, with positions that begin again in each
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record DataConfig(Optional<Path> path, String tokenizer, Optional<String> endToken, BadLines onBadLine,
        boolean documentBoundaries) {

    /** With another value of {@code path}. */
    public DataConfig withPath(Optional<Path> value) {
        return Components.with(this, "path", value);
    }

    /** With another value of {@code tokenizer}. */
    public DataConfig withTokenizer(String value) {
        return Components.with(this, "tokenizer", value);
    }

    /** With another value of {@code endToken}. */
    public DataConfig withEndToken(Optional<String> value) {
        return Components.with(this, "endToken", value);
    }

    /** With another value of {@code documentBoundaries}. */
    public DataConfig withDocumentBoundaries(boolean value) {
        return Components.with(this, "documentBoundaries", value);
    }

    /** With another value of {@code onBadLine}. */
    public DataConfig withOnBadLine(BadLines value) {
        return Components.with(this, "onBadLine", value);
    }
}
