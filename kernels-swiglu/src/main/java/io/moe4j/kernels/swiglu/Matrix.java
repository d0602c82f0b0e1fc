package io.moe4j.kernels.swiglu;

import io.moe4j.api.tensor.DType;

/**
 * A row-major matrix in memory.
 *
 * @param address the address of element (0, 0)
 * @param stride elements from the start of one row to the start of the next
 * @param dtype F32 or BF16
 */
record Matrix(long address, long stride, DType dtype) {

    /** The matrix whose element (0, 0) is this one's (row, column). */
    Matrix at(long row, long column) {
        return new Matrix(address + (row * stride + column) * dtype.bytes(), stride, dtype);
    }
}
