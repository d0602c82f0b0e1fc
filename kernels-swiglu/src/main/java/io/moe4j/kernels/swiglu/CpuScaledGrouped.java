package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.ops.support.ScaledTile;
import io.moe4j.api.tensor.DType;

/**
 * The grouped products of operands with scales on the CPU. Several columns of a result are computed together. {@link ScaledLaunches} documents the order
 * of the arguments.
 */
final class CpuScaledGrouped {
    private static final int STACK = 8;
    private static final int EXTENTS = 18;
    private static final int RESULT = 23;
    private static final int EXTENTS_OF_GRADIENT = 16;
    private static final int GRADIENT = 21;

    private CpuScaledGrouped() {}

    /** y[r] = w[j] · x[r]. */
    static void forward(CpuLaunch launch, DType result) {
        rows(launch, result, false);
    }

    /** dx[r] = w[j]ᵀ · dy[r]. */
    static void inputGradient(CpuLaunch launch, DType result) {
        rows(launch, result, true);
    }

    private static void rows(CpuLaunch launch, DType type, boolean transposed) {
        ScaledOperand rows = operand(launch, 0, 0, 0);
        int outputs = launch.int32(EXTENTS + 2);
        int inputs = launch.int32(EXTENTS + 3);
        int width = transposed ? inputs : outputs;
        int terms = transposed ? outputs : inputs;
        Matrix results = new Matrix(launch.pointer(RESULT), launch.int64(RESULT + 1), type);
        RowElements elements = RowElements.of(type);
        RowBlocks blocks = new RowBlocks(launch, launch.pointer(EXTENTS), launch.int32(EXTENTS + 1),
                launch.int64(EXTENTS + 4), width, 0);
        launch.parallelFor(blocks.count(), 1, (from, to) -> {
            ScaledTile tile = new ScaledTile(launch.memory());
            for (long index = from; index < to; index++) {
                RowBlocks.Block block = blocks.get(index);
                ScaledOperand stored = operand(launch, STACK, block.expert() * launch.int64(STACK + 8),
                        block.expert() * launch.int64(STACK + 9));
                ScaledOperand weights = transposed ? stored.transposed() : stored;
                int endColumn = block.column() + block.columns();
                for (int column = block.column(); column < endColumn; column += ScaledTile.ROWS) {
                    int columns = Math.min(ScaledTile.ROWS, endColumn - column);
                    tile.load(weights, column, columns, 0, terms);
                    for (long row = block.row(); row < block.row() + block.rows(); row++) {
                        float[] sums = tile.sums(rows, row);
                        for (int j = 0; j < columns; j++) {
                            elements.store1(launch.memory(), results.at(row, column + j).address(), sums[j]);
                        }
                    }
                }
            }
        });
    }

    /** dw[j] = Σ dy[r] ⊗ x[r], over the rows r of expert j. */
    static void weightGradient(CpuLaunch launch, DType type) {
        ScaledOperand dy = operand(launch, 0, 0, 0).transposed();
        ScaledOperand x = operand(launch, STACK, 0, 0).transposed();
        long offsets = launch.pointer(EXTENTS_OF_GRADIENT);
        int experts = launch.int32(EXTENTS_OF_GRADIENT + 1);
        int outputs = launch.int32(EXTENTS_OF_GRADIENT + 2);
        int inputs = launch.int32(EXTENTS_OF_GRADIENT + 3);
        long capacity = launch.int64(EXTENTS_OF_GRADIENT + 4);
        long expertStride = launch.int64(GRADIENT + 1);
        boolean accumulate = launch.int32(GRADIENT + 3) != 0;
        Matrix dw = new Matrix(launch.pointer(GRADIENT), launch.int64(GRADIENT + 2), type);
        RowElements elements = RowElements.of(type);
        int across = Math.ceilDiv(inputs, ScaledTile.ROWS);
        launch.parallelFor((long) experts * across, 1, (from, to) -> {
            ScaledTile tile = new ScaledTile(launch.memory());
            for (long index = from; index < to; index++) {
                int expert = (int) (index / across);
                int column = (int) (index % across) * ScaledTile.ROWS;
                int columns = Math.min(ScaledTile.ROWS, inputs - column);
                long start = PanelProduct.offset(launch, offsets, expert - 1, capacity);
                long end = PanelProduct.offset(launch, offsets, expert, capacity);
                tile.load(x, column, columns, start, end);
                for (int o = 0; o < outputs; o++) {
                    float[] sums = tile.sums(dy, o);
                    for (int j = 0; j < columns; j++) {
                        long address = dw.at(o, column + j).address() + expert * expertStride * type.bytes();
                        float before = accumulate ? elements.load1(launch.memory(), address) : 0;
                        elements.store1(launch.memory(), address, before + sums[j]);
                    }
                }
            }
        });
    }

    private static ScaledOperand operand(CpuLaunch launch, int at, long numbersBefore, long scalesBefore) {
        return new ScaledOperand(launch.pointer(at) + numbersBefore, launch.int64(at + 1), launch.int64(at + 2),
                launch.pointer(at + 3) + Float.BYTES * scalesBefore, Float.BYTES * launch.int64(at + 4),
                Float.BYTES * launch.int64(at + 5), launch.int64(at + 6), launch.int64(at + 7));
    }
}
