/**
 * Device operations: own kernels, cuBLASLt, cuDNN.
 *
 * <p>Names end in their shape, with the letters of {@code docs/glossary.md}, and as in {@link io.moe4j.api.ops}: in attention, Q is the elements of a
 * query or key of one head and a final V those of a value; in rotary embeddings, R is the rotated elements of a head.
 */
@NullMarked
package io.moe4j.runtime.cuda.ops;

import org.jspecify.annotations.NullMarked;
