package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.tensor.Tensor;

/**
 * A matrix of F32 or BF16 that operations see as rows of fp32. Rows of F32 are used in place; rows of BF16 are widened into scratch, and rounded once
 * when they are written back. So every operation is written only once.
 *
 * @param address address of element zero
 * @param count number of rows
 * @param columns elements of a row, which are contiguous
 * @param stride elements from one row to the next
 * @param narrow whether elements are BF16, not F32
 */
record Rows(long address, long count, long columns, long stride, boolean narrow) {

    /** A tensor of any number of dimensions whose rows are evenly spaced. */
    static Rows of(Tensor tensor) {
        boolean narrow = isNarrow(tensor);
        long columns = tensor.rank() == 0 ? 1 : tensor.dim(-1);
        if (columns > 1 && tensor.stride(-1) != 1) {
            throw new IllegalArgumentException(tensor + ": the last dimension must be dense, its stride is "
                    + tensor.stride(-1) + "; copy it first");
        }
        long count = 1;
        long stride = columns;
        for (int d = tensor.rank() - 2; d >= 0; d--) {
            if (tensor.dim(d) == 1) {
                continue;
            }
            if (count == 1) {
                stride = tensor.stride(d);
            } else if (tensor.stride(d) != stride * count && tensor.dim(d) != 0) {
                throw new IllegalArgumentException(tensor + ": rows must be evenly spaced; copy it first");
            }
            count *= tensor.dim(d);
        }
        return new Rows(tensor.address(), count, columns, stride, narrow);
    }

    /** Whether the elements are BF16, not F32. */
    static boolean isNarrow(Tensor tensor) {
        return switch (tensor.dtype()) {
            case F32 -> false;
            case BF16 -> true;
            case I32, I64, F8_E4M3 -> throw new IllegalArgumentException(
                    tensor + ": elements must be F32 or BF16");
        };
    }

    /** A contiguous tensor as one single row. */
    static Rows flat(Tensor tensor) {
        if (!tensor.isContiguous()) {
            throw new IllegalArgumentException(tensor + ": must be contiguous; copy it first");
        }
        Rows rows = of(tensor);
        return new Rows(rows.address, 1, rows.count * rows.columns, rows.count * rows.columns, rows.narrow);
    }

    long addressOf(long row, long column) {
        return address + (row * stride + column) * (narrow ? 2 : 4);
    }

    /** Elements from one row to the next at the addresses that {@link #read(long, long, long)} and {@link #place(long, long)} return. */
    long lead() {
        return narrow ? columns : stride;
    }

    /** Address of row {@code row} as fp32: in place, or widened into {@code scratch}. */
    long read(long row, long scratch) {
        return read(row, 1, scratch);
    }

    /** Address of {@code rows} rows as fp32, beginning with {@code row}, {@link #lead()} elements apart. */
    long read(long row, long rows, long scratch) {
        for (long r = 0; narrow && r < rows; r++) {
            VectorBf16.widen(addressOf(row + r, 0), scratch + 4 * r * columns, columns);
        }
        return place(row, scratch);
    }

    /** Address of a part of a row as fp32. */
    long readPart(long row, long column, long length, long scratch) {
        if (narrow) {
            VectorBf16.widen(addressOf(row, column), scratch, length);
            return scratch;
        }
        return addressOf(row, column);
    }

    /** Address to which rows from {@code row} on are to be written as fp32: in place, or {@code scratch}. Call {@link #write} afterwards. */
    long place(long row, long scratch) {
        return narrow ? scratch : addressOf(row, 0);
    }

    /** Writes back a row that was computed at {@link #place}. */
    void write(long row, long scratch) {
        write(row, 1, scratch);
    }

    /** Writes back {@code rows} rows. */
    void write(long row, long rows, long scratch) {
        for (long r = 0; narrow && r < rows; r++) {
            VectorBf16.round(scratch + 4 * r * columns, addressOf(row + r, 0), columns);
        }
    }

    /** Like {@link #place}, for part of a row. */
    long placePart(long row, long column, long scratch) {
        return narrow ? scratch : addressOf(row, column);
    }

    /** Like {@link #write}, for part of a row. */
    void writePart(long row, long column, long length, long scratch) {
        if (narrow) {
            VectorBf16.round(scratch, addressOf(row, column), length);
        }
    }
}
