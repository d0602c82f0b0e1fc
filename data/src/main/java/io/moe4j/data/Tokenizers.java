package io.moe4j.data;

import io.moe4j.api.Stability;
import java.util.List;
import java.util.Optional;

/**
 * The built-in tokenizers, by name.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public final class Tokenizers {

    private Tokenizers() {}

    /** Their names. */
    public static List<String> names() {
        return List.of("bytes");
    }

    /** The tokenizer with this name; empty if there is none. */
    public static Optional<Tokenizer> of(String name) {
        return name.equals("bytes") ? Optional.of(new ByteTokenizer()) : Optional.empty();
    }
}
