package io.moe4j.layers.rotary;

import io.moe4j.api.Stability;

/**
 * Which two elements of a head are rotated together. The two conventions differ by a permutation of the head's elements, so weights trained with one
 * give wrong results with the other.
 *
 * @since 0.2.0
 */
@Stability(Stability.Level.EVOLVING)
public enum Rotation {
    /** Elements 2i and 2i + 1, as in DeepSeek's models. */
    PAIRS,
    /** Elements i and R/2 + i of R, as in Llama's and Qwen's models. */
    HALVES
}
