package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * Copies and sums.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface ElementwiseOps {

    /**
     * destination = source, element by element, converting between F32 and BF16; integers are copied unchanged. Shapes are equal, of up to 4
     * dimensions, with any strides; a stride of 0 in the source repeats its elements.
     */
    void copy(Stream stream, Tensor source, Tensor destination);

    /** out = a + b; contiguous, one shape and type; {@code out} may be {@code a} or {@code b}. */
    void add(Stream stream, Tensor a, Tensor b, Tensor out);

    /** accumulator += factor · x; contiguous, one shape; types may differ. */
    void accumulate(Stream stream, Tensor x, float factor, Tensor accumulator);

    /**
     * destination[t, r] = Σ_h source[t, h, r] in the order of h: the adjoint of repeating a row over h. Here R is the number of elements of a row.
     * Rows may have strides.
     */
    void sumMiddle(Stream stream, Tensor source_THR, Tensor destination_TR, boolean accumulate);
}
