package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.tensor.DType;

/**
 * The extents of an attention.
 *
 * @param batch B, sequences
 * @param sequence S, tokens of a sequence
 * @param heads H
 * @param queryKeyDim Q, elements of a query or key
 * @param valueDim V, elements of a value
 * @param dtype element type
 */
@Stability(Stability.Level.EVOLVING)
public record AttentionShape(long batch, long sequence, long heads, long queryKeyDim, long valueDim, DType dtype) {}
