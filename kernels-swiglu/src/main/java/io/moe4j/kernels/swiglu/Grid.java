package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * The grid of a launch. Grids are fixed, because the amount of work is known only on the device; the blocks stride over it. A grid is a multiple of
 * the number of the device's multiprocessors, for example 132 on an H200. The CPU ignores grids.
 *
 * @param blocks number of blocks in the grid
 * @param threads number of threads in a block
 * @param sharedBytes dynamic shared memory of a block, in bytes
 */
record Grid(int blocks, int threads, int sharedBytes) {
    private static final int KIB = 1024;

    Launch launch(Kernel kernel, List<KernelArg> arguments) {
        return new Launch(kernel, blocks, 1, threads, sharedBytes, arguments);
    }

    /**
     * The grids of one device.
     *
     * @param multiprocessors number of multiprocessors of the device
     */
    record Grids(int multiprocessors) {

        static Grids of(Device device) {
            return new Grids(device.multiprocessors());
        }

        /** For {@code swiglu.cu}: one warp per row. There are more blocks than can run at once, which balances the load at the end. */
        Grid swiglu() {
            return new Grid(32 * multiprocessors, 256, 0);
        }

        /** For {@code grouped_gemm_sm90.cu}. Shared memory: 4 stages of 48 KiB, 16 KiB for storing results, 8 barriers, 1 KiB for alignment. */
        Grid hopper() {
            return new Grid(multiprocessors, 384, 4 * 48 * KIB + 16 * KIB + 8 * 8 + KIB);
        }

        /**
         * For {@code grouped_gemm_f8_sm90.cu}. Shared memory: 192 KiB of stages, 16 KiB for storing results, and 8 KiB for scales, barriers and
         * alignment.
         */
        Grid hopperScaled() {
            return new Grid(multiprocessors, 384, (192 + 16 + 8) * KIB);
        }

        /** For {@code quantize_rows.cu}: a block for each tile, up to what fills the device. */
        Grid quantization(long tiles) {
            return new Grid(Math.toIntExact(Math.clamp(tiles, 1, 16L * multiprocessors)), 256, 0);
        }

        /** For {@code grouped_f8.cu}: a thread for each element of the result. */
        Grid readable() {
            return new Grid(8 * multiprocessors, 256, 0);
        }

        /** For a grouped product of rows of this type, on a GPU or with a shape that {@link #hopper} does not cover. */
        Grid product(DType rows) {
            return switch (rows) {
                // grouped_gemm_mma.cu: 2 stages of 32 KiB, two blocks run on a multiprocessor at a time; further blocks balance the load at the end.
                case BF16 -> new Grid(8 * multiprocessors, 128, 2 * 32 * KIB);
                // grouped_gemm_fp32.cu
                case F32 -> new Grid(4 * multiprocessors, 256, 0);
                case I32, I64,
                        F8_E4M3 -> throw new IllegalArgumentException("rows of " + rows + "; rows are F32 or BF16");
            };
        }
    }
}
