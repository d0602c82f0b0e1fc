package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.tensor.Tensor;

/** The rows of a (T, H, R) tensor: tokens, heads, rotated elements of a head. Any strides, except that the last dimension is dense. */
record Heads(Rows rows, long tokenStride, long headStride) {

    static Heads of(Tensor tensor) {
        long columns = tensor.dim(2);
        if (columns > 1 && tensor.stride(2) != 1) {
            throw new IllegalArgumentException(tensor + ": must have a dense last dimension");
        }
        // As if rows started one element apart, so that every offset is the start of a row.
        Rows rows = new Rows(tensor.address(), Long.MAX_VALUE, columns, 1, Rows.isNarrow(tensor));
        return new Heads(rows, tensor.stride(0), tensor.stride(1));
    }

    long read(long t, long h, long scratch) {
        return rows.read(t * tokenStride + h * headStride, scratch);
    }

    long place(long t, long h, long scratch) {
        return rows.place(t * tokenStride + h * headStride, scratch);
    }

    void write(long t, long h, long scratch) {
        rows.write(t * tokenStride + h * headStride, scratch);
    }
}
