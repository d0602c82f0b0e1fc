package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A strided matrix on a device. Every element without a value holds a marked NaN, so that a kernel that
 * reads one gives a wrong result, and a kernel that writes one is found.
 */
final class RowBuffer implements AutoCloseable {
    private static final int MARK_F32 = 0x7FC0BEEF;
    private static final short MARK_BF16 = 0x7FDB;

    private final Stream stream;
    private final Memory memory;
    private final Tensor all;
    private final Tensor view;

    private RowBuffer(Stream stream, Memory memory, Tensor all, Tensor view) {
        this.stream = stream;
        this.memory = memory;
        this.all = all;
        this.view = view;
    }

    /** {@code capacity} rows of {@code columns} elements, {@code stride} apart; the first {@code valid} rows hold {@code values}. */
    static RowBuffer of(Device device, Stream stream, DType dtype, long capacity, int columns, int stride,
            double[][] values) {
        Memory memory = device.allocate(Math.max(1, capacity) * stride * dtype.bytes(), "contract rows");
        Tensor all = Tensor.of(memory, 0, dtype, capacity * stride);
        Tensor view = all.strided(new long[] {capacity, columns}, new long[] {stride, 1});
        RowBuffer buffer = new RowBuffer(stream, memory, all, view);
        buffer.write(values);
        return buffer;
    }

    /** A buffer with marks only. */
    static RowBuffer blank(Device device, Stream stream, DType dtype, long capacity, int columns, int stride) {
        return of(device, stream, dtype, capacity, columns, stride, new double[0][]);
    }

    Tensor tensor() {
        return view;
    }

    DType dtype() {
        return all.dtype();
    }

    private void write(double[][] values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(8, all.bytes()), 8);
            long stride = view.stride(0);
            for (long i = 0; i < all.elements(); i++) {
                int row = (int) (i / stride);
                int column = (int) (i % stride);
                boolean given = row < values.length && column < values[row].length;
                if (dtype() == DType.BF16) {
                    host.setAtIndex(ValueLayout.JAVA_SHORT, i,
                            given ? Rounding.bf16Bits(values[row][column]) : MARK_BF16);
                } else {
                    int bits = given ? Float.floatToRawIntBits((float) values[row][column]) : MARK_F32;
                    host.setAtIndex(ValueLayout.JAVA_INT, i, bits);
                }
            }
            if (all.elements() > 0) {
                stream.upload(host.asSlice(0, all.bytes()), all);
            }
        }
    }

    /** The first {@code rows} rows; fails if any other element has lost its mark. */
    double[][] read(int rows) {
        double[][] values = new double[rows][(int) view.dim(1)];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(8, all.bytes()), 8);
            if (all.elements() > 0) {
                stream.download(all, host.asSlice(0, all.bytes()));
            }
            long stride = view.stride(0);
            for (long i = 0; i < all.elements(); i++) {
                long row = i / stride;
                int column = (int) (i % stride);
                boolean valid = row < rows && column < view.dim(1);
                if (dtype() == DType.BF16) {
                    short bits = host.getAtIndex(ValueLayout.JAVA_SHORT, i);
                    if (valid) {
                        values[(int) row][column] = Float.intBitsToFloat(bits << 16);
                    } else {
                        untouched(bits == MARK_BF16, row, column, bits & 0xFFFF);
                    }
                } else {
                    int bits = host.getAtIndex(ValueLayout.JAVA_INT, i);
                    if (valid) {
                        values[(int) row][column] = Float.intBitsToFloat(bits);
                    } else {
                        untouched(bits == MARK_F32, row, column, bits);
                    }
                }
            }
        }
        return values;
    }

    private void untouched(boolean holds, long row, int column, int bits) {
        if (!holds) {
            throw new AssertionError("row " + row + ", column " + column + " of " + view
                    + " is not a valid row's, but was written with bits 0x" + Integer.toHexString(bits)
                    + "; rows at or beyond the last offset, and gaps between rows, must stay untouched");
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
