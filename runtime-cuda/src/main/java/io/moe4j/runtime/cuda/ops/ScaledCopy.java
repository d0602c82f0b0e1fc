package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.ops.support.ScaledOperand;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A tensor with scales, seen as a stack of matrices, as the kernels of {@code scaling.cu} take it.
 *
 * @param numbers (matrices, rows, columns), without scales
 * @param scales one for each block, with as many matrices
 * @param blockRows rows of a block
 * @param blockColumns columns of a block
 */
record ScaledCopy(Tensor numbers, Tensor scales, long blockRows, long blockColumns) {
    /** {@code NONE} of {@code scaling.cuh}: the kernel does not write this copy. */
    private static final int NONE = 0;
    private static final int ROW = 1;
    private static final int COLUMN = 2;
    private static final int SQUARE = 3;

    static ScaledCopy of(String what, Tensor scaled) {
        Scales scales = scaled.scales().orElseThrow(() -> new DeviceException(
                what + " of " + scaled + ", which has no scales; give a tensor with scales"));
        int rank = scaled.rank();
        List<Long> block = scales.block();
        if (rank < 1 || rank > 3 || (rank == 3 && block.getFirst() != 1)) {
            throw new DeviceException(what + " of " + scaled
                    + ": it has 1 to 3 dimensions, and a block lies in one matrix of a stack");
        }
        return new ScaledCopy(ScaledOperand.stack(scaled.withScales(Optional.empty())),
                ScaledOperand.stack(scales.values()),
                rank == 1 ? 1 : block.get(rank - 2), block.get(rank - 1));
    }

    /** Whether the kernel for tiles of 128 × 128 supports these blocks. */
    boolean inTiles() {
        return kind() != NONE;
    }

    /** Whether the blocks are 128 × 128, which have a kernel of their own. */
    boolean inSquares() {
        return kind() == SQUARE;
    }

    private int kind() {
        if (blockColumns == Scales.BLOCK) {
            return blockRows == 1 ? ROW : blockRows == Scales.BLOCK ? SQUARE : NONE;
        }
        return blockRows == Scales.BLOCK && blockColumns == 1 ? COLUMN : NONE;
    }

    /** Adds the parameters SCALED_COPY and the kind of blocks. */
    void addTo(List<KernelArg> arguments) {
        addPlaces(arguments);
        arguments.add(KernelArg.of(kind()));
    }

    /** Adds the parameters SCALED_COPY and the extents of a block. */
    void addWithBlock(List<KernelArg> arguments) {
        addPlaces(arguments);
        arguments.add(KernelArg.of(blockRows));
        arguments.add(KernelArg.of(blockColumns));
    }

    private void addPlaces(List<KernelArg> arguments) {
        for (Tensor tensor : List.of(numbers, scales)) {
            arguments.add(KernelArg.of(tensor));
            for (int d = 0; d < 3; d++) {
                arguments.add(KernelArg.of(tensor.stride(d)));
            }
        }
    }

    /** Adds the parameters of a copy that is not written. */
    static void addNone(List<KernelArg> arguments) {
        for (int i = 0; i < 2; i++) {
            arguments.add(KernelArg.absent());
            for (int d = 0; d < 3; d++) {
                arguments.add(KernelArg.of(0L));
            }
        }
        arguments.add(KernelArg.of(NONE));
    }
}
