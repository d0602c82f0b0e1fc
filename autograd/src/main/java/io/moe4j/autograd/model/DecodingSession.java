package io.moe4j.autograd.model;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.Tensor;

/**
 * A sequence that grows token by token. What attention reads of earlier tokens is kept in a cache, so that a token costs the model's weights once and
 * one row of the cache for each earlier token. For example, to continue a prompt of 7 tokens:
 *
 * <pre>{@code
 * try (DecodingSession session = model.openDecoding(64)) {
 *     session.append(prompt_7, logits_1V);   // length() is 7, logits_1V is about the eighth token
 *     session.append(eighth_1, logits_1V);   // length() is 8
 * }
 * }</pre>
 *
 * <p>Belongs to the rank's thread. All ranks of an expert-parallel group make the same calls.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.EVOLVING)
public interface DecodingSession extends AutoCloseable {

    /** The most tokens that the sequence may have. */
    long capacity();

    /** Tokens that the sequence has. */
    long length();

    /** Bytes of the cache. */
    long cacheBytes();

    /**
     * Appends tokens, and computes the logits of the token that follows the last of them. Called inside a step's scope. Enqueues, and does not wait.
     *
     * @param ids_T I32, at least one. A model with experts takes the numbers of tokens that {@link ModelContext#exchange} has an exchange for
     * @param logits_1V F32 (1, V), overwritten
     * @throws IllegalArgumentException if the sequence would have more tokens than its capacity, or if there is no exchange for so many tokens
     */
    void append(Tensor ids_T, Tensor logits_1V);

    /**
     * Forgets the tokens from position {@code length} on; 0 begins another sequence.
     *
     * @throws IllegalArgumentException if the sequence has fewer tokens
     */
    void truncate(long length);

    /** Releases the cache. */
    @Override
    void close();
}
