package io.moe4j.runtime.cpu.ops;

import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A copy of up to four dimensions, reduced to as few as possible: dimensions of extent 1 are dropped, and adjacent dimensions that both tensors lay
 * out as one are merged.
 */
final class StridedCopy {
    private record Dimension(long extent, long from, long to) {}

    private final long[] extents = {1, 1, 1, 1};
    private final long[] from = {0, 0, 0, 1};
    private final long[] to = {0, 0, 0, 1};
    private final long source;
    private final long destination;
    private final DType sourceType;
    private final DType destinationType;

    private StridedCopy(Tensor source, Tensor destination, List<Dimension> dimensions) {
        this.source = source.address();
        this.destination = destination.address();
        this.sourceType = source.dtype();
        this.destinationType = destination.dtype();
        for (int d = 0; d < dimensions.size(); d++) {
            int at = 4 - dimensions.size() + d;
            extents[at] = dimensions.get(d).extent;
            from[at] = dimensions.get(d).from;
            to[at] = dimensions.get(d).to;
        }
    }

    static StridedCopy of(Tensor source, Tensor destination) {
        boolean convertible = source.dtype() == destination.dtype()
                || (source.dtype().isPlainFloating() && destination.dtype().isPlainFloating());
        if (!source.shape().equals(destination.shape()) || source.rank() > 4 || !convertible) {
            throw new IllegalArgumentException("copy of " + source + " to " + destination
                    + ": shapes must be equal and of at most 4 dimensions, types equal or both F32 or BF16");
        }
        if (source.scales().isPresent() || destination.scales().isPresent()) {
            throw new IllegalArgumentException("copy of " + source + " to " + destination
                    + ": copy the stored numbers and the scales, each without scales; or quantize and dequantize");
        }
        List<Dimension> dimensions = new ArrayList<>();
        for (int d = 0; d < source.rank(); d++) {
            Dimension next = new Dimension(source.dim(d), source.stride(d), destination.stride(d));
            if (next.extent == 1) {
                continue;
            }
            Dimension last = dimensions.isEmpty() ? new Dimension(0, -1, -1) : dimensions.getLast();
            if (!dimensions.isEmpty() && last.from == next.from * next.extent && last.to == next.to * next.extent) {
                dimensions.set(dimensions.size() - 1, new Dimension(last.extent * next.extent, next.from, next.to));
            } else {
                dimensions.add(next);
            }
        }
        return new StridedCopy(source, destination, dimensions);
    }

    /** Extent of the innermost dimension. */
    long columns() {
        return Math.min(extents[3], rowLength());
    }

    /** Number of pieces that may be copied in any order: rows, or parts of long rows. */
    long rows() {
        return extents[0] * extents[1] * extents[2] * parts();
    }

    /** Copies the pieces from {@code first} (inclusive) to {@code end} (exclusive). */
    void run(long first, long end) {
        for (long piece = first; piece < end; piece++) {
            long row = piece / parts();
            long column = piece % parts() * rowLength();
            long i2 = row % extents[2];
            long i1 = row / extents[2] % extents[1];
            long i0 = row / extents[2] / extents[1];
            long a = source + bytes(sourceType, i0 * from[0] + i1 * from[1] + i2 * from[2] + column * from[3]);
            long b = destination
                    + bytes(destinationType, i0 * to[0] + i1 * to[1] + i2 * to[2] + column * to[3]);
            copyRow(a, b, Math.min(rowLength(), extents[3] - column));
        }
    }

    private long rowLength() {
        return Blocks.ELEMENTS;
    }

    private long parts() {
        return Math.ceilDiv(extents[3], rowLength());
    }

    private static long bytes(DType type, long elements) {
        return type.bytes() * elements;
    }

    private void copyRow(long a, long b, long n) {
        boolean dense = from[3] == 1 && to[3] == 1;
        if (sourceType == destinationType) {
            if (dense && sourceType.bytes() == 4) {
                Flat.copy(a, b, n);
            } else if (dense) {
                MemorySegment.copy(Lanes.ALL, a, Lanes.ALL, b, bytes(sourceType, n));
            } else {
                copyElements(a, b, n);
            }
        } else if (dense && destinationType.isSinglePrecision()) {
            VectorBf16.widen(a, b, n);
        } else if (dense) {
            VectorBf16.round(a, b, n);
        } else {
            convertElements(a, b, n);
        }
    }

    private void copyElements(long a, long b, long n) {
        int bytes = sourceType.bytes();
        for (long i = 0; i < n; i++) {
            long x = a + bytes * i * from[3];
            long y = b + bytes * i * to[3];
            switch (bytes) {
                case 2 -> Lanes.setShort(y, 0, Lanes.getShort(x, 0));
                case 4 -> Lanes.setInt(y, 0, Lanes.getInt(x, 0));
                default -> MemorySegment.copy(Lanes.ALL, x, Lanes.ALL, y, bytes);
            }
        }
    }

    private void convertElements(long a, long b, long n) {
        for (long i = 0; i < n; i++) {
            if (destinationType.isSinglePrecision()) {
                Lanes.set(b, i * to[3], BFloat16.widen(Lanes.getShort(a, i * from[3])));
            } else {
                Lanes.setShort(b, i * to[3], BFloat16.round(Lanes.get(a, i * from[3])));
            }
        }
    }
}
