package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import java.util.List;
import java.util.Set;

/**
 * What is to be continued. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param prompt ids, at least one
 * @param maxTokens the most tokens of the answer, at least 1
 * @param sampling how tokens are chosen
 * @param endTokens ids that end the answer, and belong to it; empty to go on until {@code maxTokens}
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public record GenerationRequest(List<Integer> prompt, int maxTokens, Sampling sampling, Set<Integer> endTokens) {

    public GenerationRequest {
        prompt = List.copyOf(prompt);
        endTokens = Set.copyOf(endTokens);
        if (prompt.isEmpty()) {
            throw new InputException("the prompt has no tokens; begin with at least one, such as the token that ends a"
                    + " document, after which another begins");
        }
        if (maxTokens < 1) {
            throw new InputException("at most " + maxTokens + " tokens: an answer has at least 1");
        }
    }

    /** The most probable tokens, to the last. */
    public static GenerationRequest of(List<Integer> prompt, int maxTokens) {
        return new GenerationRequest(prompt, maxTokens, Sampling.greedy(), Set.of());
    }

    public GenerationRequest withSampling(Sampling value) {
        return new GenerationRequest(prompt, maxTokens, value, endTokens);
    }

    public GenerationRequest withEndTokens(Set<Integer> value) {
        return new GenerationRequest(prompt, maxTokens, sampling, value);
    }
}
