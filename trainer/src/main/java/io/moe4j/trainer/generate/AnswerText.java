package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;
import io.moe4j.api.text.Tokenizer;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * The text of one answer, piece by piece, in whole characters. An id for which the tokenizer has no text is written as its number: {@code [151700]}.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public final class AnswerText {
    private final Optional<Tokenizer.Decoder> decoder;
    private final int vocabulary;
    private final IntPredicate hidden;

    /** @param hidden ids that have no text here */
    AnswerText(Optional<Tokenizer.Decoder> decoder, int vocabulary, IntPredicate hidden) {
        this.decoder = decoder;
        this.vocabulary = vocabulary;
        this.hidden = hidden;
    }

    /** An answer of ids only: {@code [5][17]}. */
    public static AnswerText ofIds() {
        return new AnswerText(Optional.empty(), 0, id -> false);
    }

    /** The text that became complete with an id; may be empty. */
    public String next(int id) {
        if (decoder.isEmpty()) {
            return "[" + id + "]";
        }
        if (hidden.test(id)) {
            return "";
        }
        return id < vocabulary ? decoder.get().next(id) : decoder.get().end() + "[" + id + "]";
    }

    /** The text that was held back. */
    public String end() {
        return decoder.map(Tokenizer.Decoder::end).orElse("");
    }
}
