package io.moe4j.runtime.cpu.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import io.moe4j.runtime.cpu.engine.Commands;
import java.util.Optional;

/** Quantizes block by block. A block is part or all of one row, or the same columns of several rows. */
final class CpuScalingOps implements ScalingOps {
    private final Commands commands;

    CpuScalingOps(Commands commands) {
        this.commands = commands;
    }

    @Override
    public void quantize(Stream stream, Tensor x, Tensor scaled) {
        forEachBlock("quantize", stream, x, scaled, CpuScalingOps::quantize);
    }

    @Override
    public void dequantize(Stream stream, Tensor scaled, Tensor x) {
        forEachBlock("dequantize", stream, x, scaled, CpuScalingOps::dequantize);
    }

    private void forEachBlock(String what, Stream stream, Tensor x, Tensor scaled, BlockWork work) {
        Grid grid = Grid.of(what, x, scaled);
        commands.submit(stream, what, () -> Blocks.overRows(commands, grid.blocks(), grid.blockElements(),
                (from, to) -> {
                    for (long block = from; block < to; block++) {
                        work.on(grid, block);
                    }
                }), x, scaled, grid.scales());
    }

    /** The work on one block. */
    @FunctionalInterface
    private interface BlockWork {
        void on(Grid grid, long block);
    }

    private static void quantize(Grid grid, long block) {
        float largest = 0;
        long endRow = grid.endRow(block);
        long endColumn = grid.endColumn(block);
        for (long row = grid.firstRow(block); row < endRow; row++) {
            for (long column = grid.firstColumn(block); column < endColumn; column++) {
                // Math.max returns NaN if an element is NaN, unlike a comparison.
                largest = Math.max(largest, Math.abs(grid.plain().get(row, column)));
            }
        }
        float scale = Float8.scale(largest);
        Addresses.ALL.set(JAVA_FLOAT_UNALIGNED, grid.scaleOf(block), scale);
        for (long row = grid.firstRow(block); row < endRow; row++) {
            for (long column = grid.firstColumn(block); column < endColumn; column++) {
                Addresses.ALL.set(JAVA_BYTE, grid.numberOf(row, column),
                        Float8.round(grid.plain().get(row, column) / scale));
            }
        }
    }

    private static void dequantize(Grid grid, long block) {
        float scale = Addresses.ALL.get(JAVA_FLOAT_UNALIGNED, grid.scaleOf(block));
        long endRow = grid.endRow(block);
        long endColumn = grid.endColumn(block);
        for (long row = grid.firstRow(block); row < endRow; row++) {
            for (long column = grid.firstColumn(block); column < endColumn; column++) {
                grid.plain().set(row, column,
                        Float8.widen(Addresses.ALL.get(JAVA_BYTE, grid.numberOf(row, column))) * scale);
            }
        }
    }

    /**
     * The blocks of a matrix, or of a stack of matrices; a block does not extend from one matrix into the next.
     *
     * @param plain the rows of all matrices, in one sequence
     * @param rows rows of one matrix
     */
    private record Grid(Plain plain, Numbers numbers, Tensor scales, long matrices, long rows, long columns,
            long blockRows, long blockColumns) {

        static Grid of(String what, Tensor x, Tensor scaled) {
            if (!x.dtype().isPlainFloating() || !scaled.dtype().isScaled() || scaled.scales().isEmpty()
                    || !x.shape().equals(scaled.shape()) || x.rank() < 1 || x.rank() > 3) {
                throw new IllegalArgumentException(what + " between " + x + " and " + scaled
                        + ": one is F32 or BF16, the other has scales, and both have one shape of 1 to 3 dimensions");
            }
            Scales scales = scaled.scales().get();
            int last = x.rank() - 1;
            long blockRows = last == 0 ? 1 : scales.block().get(last - 1);
            if (x.rank() == 3 && scales.block().getFirst() != 1) {
                throw new IllegalArgumentException(what + " of " + scaled + ": a block lies in one matrix of a stack");
            }
            return new Grid(Plain.of(ScaledOperand.stack(x)),
                    Numbers.of(ScaledOperand.stack(scaled.withScales(Optional.empty()))),
                    ScaledOperand.stack(scales.values()), last == 2 ? x.dim(0) : 1, last == 0 ? 1 : x.dim(last - 1),
                    x.dim(last),
                    blockRows, scales.block().get(last));
        }

        long blocks() {
            return scales.elements();
        }

        long blockElements() {
            return Math.min(blockRows, rows) * Math.min(blockColumns, columns);
        }

        private long across() {
            return Math.ceilDiv(columns, blockColumns);
        }

        private long down() {
            return Math.ceilDiv(rows, blockRows);
        }

        long matrix(long block) {
            return block / across() / down();
        }

        long firstRow(long block) {
            return matrix(block) * rows + block / across() % down() * blockRows;
        }

        long endRow(long block) {
            return Math.min(firstRow(block) + blockRows, (matrix(block) + 1) * rows);
        }

        long firstColumn(long block) {
            return block % across() * blockColumns;
        }

        long endColumn(long block) {
            return Math.min(firstColumn(block) + blockColumns, columns);
        }

        long scaleOf(long block) {
            return scales.address() + Float.BYTES * (matrix(block) * scales.stride(0)
                    + block / across() % down() * scales.stride(1) + block % across() * scales.stride(2));
        }

        long numberOf(long row, long column) {
            return numbers.address + row / rows * numbers.matrixStride + row % rows * numbers.rowStride
                    + column * numbers.columnStride;
        }
    }

    /** Addresses and strides of the 8-bit numbers of a stack of matrices. */
    private record Numbers(long address, long matrixStride, long rowStride, long columnStride) {
        static Numbers of(Tensor stack) {
            return new Numbers(stack.address(), stack.stride(0), stack.stride(1), stack.stride(2));
        }
    }

    /** F32 or BF16 elements of a stack of matrices, whose rows are numbered over all matrices. */
    private record Plain(long address, boolean narrow, long rows, long matrixStride, long rowStride,
            long columnStride) {
        static Plain of(Tensor stack) {
            return new Plain(stack.address(), Rows.isNarrow(stack), stack.dim(1), stack.stride(0), stack.stride(1),
                    stack.stride(2));
        }

        float get(long row, long column) {
            return narrow
                    ? BFloat16.widen(Lanes.getShort(address, index(row, column)))
                    : Lanes.get(address, index(row, column));
        }

        void set(long row, long column, float value) {
            if (narrow) {
                Lanes.setShort(address, index(row, column), BFloat16.round(value));
            } else {
                Lanes.set(address, index(row, column), value);
            }
        }

        private long index(long row, long column) {
            return row / rows * matrixStride + row % rows * rowStride + column * columnStride;
        }
    }
}
