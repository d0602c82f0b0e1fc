package io.moe4j.trainer.generate;

import io.moe4j.api.InputException;
import io.moe4j.api.Stability;
import io.moe4j.autograd.model.ModelSpec;
import java.util.List;
import java.util.Set;

/**
 * A prompt to continue, and how. Start from {@link #of}; components may be added in later minor versions.
 *
 * @param prompt the prompt's ids, at least one
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

    /** A request that takes the most probable token each time, until there are {@code maxTokens}. */
    public static GenerationRequest of(List<Integer> prompt, int maxTokens) {
        return new GenerationRequest(prompt, maxTokens, Sampling.greedy(), Set.of());
    }

    /**
     * Checks that a model can begin with the prompt.
     *
     * @param capacity the most tokens of the sequence
     * @throws InputException if the prompt has an id that is not in the vocabulary, or leaves no room for an answer
     */
    public void requireFits(ModelSpec spec, long capacity) {
        for (int i = 0; i < prompt.size(); i++) {
            if (prompt.get(i) < 0 || prompt.get(i) >= spec.vocabulary()) {
                throw new InputException("token " + (i + 1) + " of the prompt is " + prompt.get(i) + ": ids of "
                        + spec.name()
                        + " are from 0 to " + (spec.vocabulary() - 1) + "; use the tokenizer that it was trained with");
            }
        }
        if (prompt.size() >= capacity) {
            throw new InputException("a prompt of " + prompt.size() + " tokens in a context of " + capacity
                    + ": there must be room for at least one more; shorten the prompt, or take a longer context ("
                    + spec.name() + " has at most " + spec.maxSequence() + ")");
        }
    }

    public GenerationRequest withSampling(Sampling value) {
        return new GenerationRequest(prompt, maxTokens, value, endTokens);
    }

    public GenerationRequest withEndTokens(Set<Integer> value) {
        return new GenerationRequest(prompt, maxTokens, sampling, value);
    }
}
