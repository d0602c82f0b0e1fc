package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Quantizes the rows of experts to 8 bits with scales, on the CPU. Rows at or beyond the last offset are not visited. A block that includes some of them
 * takes its scale from its other rows.
 */
final class CpuRowQuantization {

    private CpuRowQuantization() {}

    /** Reads an element of the rows as fp32. */
    @FunctionalInterface
    private interface Source {
        float get(long row, int column);
    }

    /** The result: numbers with the bytes from one row, and one column, to the next; scales, stored without gaps; and the extents of a block. */
    private record Result(long numbers, long rowStride, long columnStride, long scales, int columns, int blockRows,
            int blockColumns) {
        int across() {
            return Math.ceilDiv(columns, blockColumns);
        }
    }

    /**
     * Arguments: (x, stride, offsets, experts, I, capacity, numbers, their row stride and column stride, scales, rows of a block, columns of a block), and if
     * x has scales: (scales of x, their row stride).
     *
     * @param type the element type of x
     */
    static void quantize(CpuLaunch launch, DType type) {
        MemorySegment memory = launch.memory();
        int columns = launch.int32(4);
        long rows = PanelProduct.offset(launch, launch.pointer(2), launch.int32(3) - 1, launch.int64(5));
        Result result = new Result(launch.pointer(6), launch.int64(7), launch.int64(8), launch.pointer(9), columns,
                launch.int32(10), launch.int32(11));
        Source source = source(launch, type);
        launch.parallelFor(Math.ceilDiv(rows, result.blockRows), 1, (from, to) -> {
            float[] scales = new float[result.across()];
            for (long band = from; band < to; band++) {
                band(memory, source, result, band, Math.min(rows, (band + 1) * result.blockRows), scales);
            }
        });
    }

    private static Source source(CpuLaunch launch, DType type) {
        MemorySegment memory = launch.memory();
        long x = launch.pointer(0);
        long stride = launch.int64(1);
        if (!type.isScaled()) {
            RowElements elements = RowElements.of(type);
            return (row, column) -> elements.load1(memory, x + (row * stride + column) * elements.bytes());
        }
        long scales = launch.pointer(12);
        long scaleStride = launch.int64(13);
        return (row, column) -> Float8.widen(memory.get(ValueLayout.JAVA_BYTE, x + row * stride + column))
                * memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED,
                        scales + Float.BYTES * (row * scaleStride + column / ScaledLaunches.PIECE));
    }

    /** Quantizes band number {@code band}: as many rows as a block has, up to row {@code end}. */
    private static void band(MemorySegment memory, Source source, Result result, long band, long end,
            float[] scales) {
        Arrays.fill(scales, 0);
        for (long row = band * result.blockRows; row < end; row++) {
            for (int column = 0; column < result.columns; column++) {
                int block = column / result.blockColumns;
                // Math.max returns NaN if an element is NaN, unlike a comparison.
                scales[block] = Math.max(scales[block], Math.abs(source.get(row, column)));
            }
        }
        for (int block = 0; block < scales.length; block++) {
            scales[block] = Float8.scale(scales[block]);
            memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED,
                    result.scales + Float.BYTES * (band * scales.length + block), scales[block]);
        }
        for (long row = band * result.blockRows; row < end; row++) {
            for (int column = 0; column < result.columns; column++) {
                memory.set(ValueLayout.JAVA_BYTE,
                        result.numbers + row * result.rowStride + column * result.columnStride,
                        Float8.round(source.get(row, column) / scales[column / result.blockColumns]));
            }
        }
    }
}
