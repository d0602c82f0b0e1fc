package io.moe4j.trainer.generate;

import io.moe4j.api.Stability;
import java.time.Duration;
import java.util.List;

/**
 * An answer of a model.
 *
 * @param tokens its tokens, in order; an end token is the last of them
 * @param reason why it ended
 * @param promptTokens number of tokens of the prompt
 * @param promptTime the time until the first token was chosen
 * @param answerTime the time from then until the last token
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record Generation(List<GeneratedToken> tokens, StopReason reason, int promptTokens, Duration promptTime,
        Duration answerTime) {

    public Generation {
        tokens = List.copyOf(tokens);
    }

    /** The ids of the tokens. */
    public List<Integer> ids() {
        return tokens.stream().map(GeneratedToken::id).toList();
    }

    /** Tokens per second after the first one; 0 if there was no second one. */
    public double tokensPerSecond() {
        return tokens.size() < 2 ? 0 : (tokens.size() - 1) / (answerTime.toNanos() / 1e9);
    }
}
