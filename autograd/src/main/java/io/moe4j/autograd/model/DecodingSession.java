package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A sequence that grows token by token. Attention keeps a row for each token in a cache, so that computing the next token reads the model's weights once and
 * the cache rows of the earlier tokens, instead of computing these again. For example, to continue a prompt of 7 tokens:
 *
 * <pre>{@code
 * try (DecodingSession session = model.openDecoding(64)) {
 * session.append(prompt_7, logits_1V); // length() is 7, logits_1V predicts the eighth token session.append(eighth_1, logits_1V); // length() is 8 } }</pre>
 *
 * <p>Belongs to the rank's thread. All ranks of an expert-parallel group make the same calls.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DecodingSession extends AutoCloseable {

    /** The largest number of tokens that the sequence may have. */
    long capacity();

    /** The number of tokens in the sequence. */
    long length();

    /** Bytes of the cache. */
    long cacheBytes();

    /**
     * Appends tokens, and computes the logits of the token that follows the last of them. Called inside a step's scope. Enqueues, and does not wait.
     *
     * @param ids_T I32, at least one. A model with experts accepts only numbers of tokens for which {@link ModelContext#exchange} has an exchange
     * @param logits_1V F32 (1, V), overwritten
     * @throws IllegalArgumentException if the sequence would have more tokens than its capacity, or if there is no exchange for so many tokens
     */
    void append(Tensor ids_T, Tensor logits_1V);

    /**
     * Removes the tokens from position {@code length} on; 0 begins a new sequence.
     *
     * @throws IllegalArgumentException if the sequence has fewer tokens
     */
    void truncate(long length);

    /** Releases the cache. */
    @Override
    void close();
}
