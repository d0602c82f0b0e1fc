package io.moe4j.api.ops;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.Tensor;

/**
 * Copies, sums and digests.
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
     * digest[0] += Σ mix(w[i] ^ ((i + 1) · 0x9E3779B97F4A7C15)) modulo 2⁶⁴ over the 64-bit words w of {@code x}'s bytes, little-endian, the last one filled up
     * with zeros; mix is {@link #mix(long)}. The sum does not depend on the order of its terms, so it is the same on every device. Changing any single word
     * changes the digest.
     *
     * <p>Example: x = I32 [1, 2] is the one word 0x0000000200000001; it adds mix(0x9E3779BB7F4A7C14).
     *
     * @param x of any type, contiguous
     * @param digest I64 (1)
     * @throws DeviceException on a device that was built against an SPI before 1.3
     */
    default void digest(Stream stream, Tensor x, Tensor digest) {
        throw new DeviceException("this device was built against an SPI before 1.3 and has no digests;"
                + " set runtime.agreement_interval to 0, or take a newer version of its plug-in");
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection in which each bit of the result depends on all bits of {@code z}. */
    static long mix(long z) {
        long a = (z ^ z >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        long b = (a ^ a >>> 27) * 0x94D0_49BB_1331_11EBL;
        return b ^ b >>> 31;
    }

    /**
     * destination[t, r] = Σ_h source[t, h, r] in the order of h: the adjoint of repeating a row over h. Here R is the number of elements of a row.
     * Rows may have strides.
     */
    void sumMiddle(Stream stream, Tensor source_THR, Tensor destination_TR, boolean accumulate);
}
