package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.tensor.DType;
import java.lang.foreign.ValueLayout;

/**
 * The grouped products on the CPU. Each product reads the offsets when it runs, cuts the work into fixed blocks, and spreads them over all idle
 * cores.
 */
final class CpuGrouped {
    private final PanelScratch scratch;

    CpuGrouped(PanelScratch scratch) {
        this.scratch = scratch;
    }

    /** y[r] = w[j] · x[r] for the rows r of expert j. Arguments, those with a question mark optional: (x, stride, w, expert stride, row stride, offsets,
     * experts, O, I, capacity, y, stride, before?, accumulate). */
    void forward(CpuLaunch launch, DType dtype) {
        rows(launch, dtype, false);
    }

    /**
     * dx[r] = w[j]ᵀ · dy[r] for the rows r of expert j. Arguments, those with a question mark optional: (dy, stride, w, expert stride, row stride, offsets,
     * experts, O, I, capacity, dx, stride, before?, accumulate). */
    void inputGradient(CpuLaunch launch, DType dtype) {
        rows(launch, dtype, true);
    }

    /** The product of rows with their expert's matrix (O, I), or with its transpose. */
    private void rows(CpuLaunch launch, DType dtype, boolean transposed) {
        Matrix given = new Matrix(launch.pointer(0), launch.int64(1), dtype);
        Matrix w_OI = new Matrix(launch.pointer(2), launch.int64(4), dtype);
        long expertBytes = launch.int64(3) * dtype.bytes();
        int outputs = launch.int32(7);
        int inputs = launch.int32(8);
        int terms = transposed ? outputs : inputs;
        Matrix result = new Matrix(launch.pointer(10), launch.int64(11), dtype);
        RowBlocks blocks = new RowBlocks(launch, launch.pointer(5), launch.int32(6), launch.int64(9),
                transposed ? inputs : outputs, before(launch));
        boolean accumulate = launch.int32(13) != 0;
        PanelProduct product = new PanelProduct(launch, scratch, false, !transposed);
        launch.parallelFor(blocks.count(), 1, (from, to) -> {
            for (long index = from; index < to; index++) {
                RowBlocks.Block block = blocks.get(index);
                Matrix w = new Matrix(w_OI.address() + block.expert() * expertBytes, w_OI.stride(), dtype);
                product.rows(block.lead(), block.rows(), block.columns(), terms, given.at(block.row(), 0),
                        transposed ? w.at(0, block.column()) : w.at(block.column(), 0),
                        result.at(block.row(), block.column()), accumulate);
            }
        });
    }

    /**
     * dw[j] = Σ dy[r] ⊗ x[r], over the rows r of expert j. Arguments: (dy, stride, x, stride, offsets, experts, O, I, capacity, dw, expert stride,
     * row stride, accumulate). */
    void weightGradient(CpuLaunch launch, DType dtype, DType gradient) {
        Matrix dy_RO = new Matrix(launch.pointer(0), launch.int64(1), dtype);
        Matrix x_RI = new Matrix(launch.pointer(2), launch.int64(3), dtype);
        long offsets = launch.pointer(4);
        int experts = launch.int32(5);
        int outputs = launch.int32(6);
        int inputs = launch.int32(7);
        long capacity = launch.int64(8);
        Matrix dw_OI = new Matrix(launch.pointer(9), launch.int64(11), gradient);
        long expertBytes = launch.int64(10) * gradient.bytes();
        boolean accumulate = launch.int32(12) != 0;
        int panelsO = Math.ceilDiv(outputs, PanelProduct.ROWS);
        int panelsI = Math.ceilDiv(inputs, PanelProduct.COLUMNS);
        PanelProduct product = new PanelProduct(launch, scratch, true, false);
        launch.parallelFor((long) experts * panelsO * panelsI, 1, (from, to) -> {
            for (long index = from; index < to; index++) {
                int expert = (int) (index / panelsI / panelsO);
                int o = (int) (index / panelsI % panelsO) * PanelProduct.ROWS;
                int i = (int) (index % panelsI) * PanelProduct.COLUMNS;
                long start = PanelProduct.offset(launch, offsets, expert - 1, capacity);
                long end = PanelProduct.offset(launch, offsets, expert, capacity);
                Matrix dw = new Matrix(dw_OI.address() + expert * expertBytes, dw_OI.stride(), gradient);
                product.run(Math.min(PanelProduct.ROWS, outputs - o), Math.min(PanelProduct.COLUMNS, inputs - i),
                        Math.toIntExact(end - start), dy_RO.at(start, o), x_RI.at(start, i), dw.at(o, i), accumulate);
            }
        });
    }

    private static long before(CpuLaunch launch) {
        long before_1 = launch.pointer(12);
        return before_1 == 0 ? 0 : launch.memory().get(ValueLayout.JAVA_INT_UNALIGNED, before_1);
    }
}
