package io.moe4j.api.device;

import io.moe4j.api.Stability;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.Tensor;

/**
 * An argument of a kernel.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public sealed interface KernelArg {

    /** A pointer to element zero of a tensor. */
    record Pointer(Tensor tensor) implements KernelArg {}

    /** A null pointer, for an optional argument that is not given. */
    record Absent() implements KernelArg {}

    /** A pointer to a device table with one pointer for each rank of the group, in group order, each {@code byteOffset} into its memory. */
    record Peers(SymmetricMemory memory, long byteOffset) implements KernelArg {}

    /** A 32-bit integer. */
    record Int(int value) implements KernelArg {}

    /** A 64-bit integer. */
    record Long64(long value) implements KernelArg {}

    /** A single-precision number. */
    record Real(float value) implements KernelArg {}

    /**
     * A descriptor, passed by value, with which the hardware copies boxes of a tensor: on CUDA a {@code CUtensorMap} of 128 bytes, with the 128-byte
     * swizzle, and zeros outside of the tensor. A box is {@code boxRows} rows of 128 bytes of one matrix.
     *
     * @param tensor a matrix, or a stack of them, with dense rows; its address and its other strides are multiples of 16 bytes
     * @param boxRows 1 to 256
     */
    record TensorMap(Tensor tensor, int boxRows) implements KernelArg {}

    static KernelArg of(Tensor tensor) {
        return new Pointer(tensor);
    }

    static KernelArg of(int value) {
        return new Int(value);
    }

    static KernelArg of(long value) {
        return new Long64(value);
    }

    static KernelArg of(float value) {
        return new Real(value);
    }

    static KernelArg peers(SymmetricMemory memory) {
        return new Peers(memory, 0);
    }

    static KernelArg absent() {
        return new Absent();
    }
}
