package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * The blocks of a launch. Grids are fixed: how much work there is stands on the device, and blocks stride over it. They are multiples of the device's
 * multiprocessors, for example 132 on an H200. A CPU ignores them.
 *
 * @param blocks of the grid
 * @param threads of a block
 * @param sharedBytes dynamic shared memory of a block
 */
record Grid(int blocks, int threads, int sharedBytes) {
    private static final int KIB = 1024;

    Launch launch(Kernel kernel, List<KernelArg> arguments) {
        return new Launch(kernel, blocks, 1, threads, sharedBytes, arguments);
    }

    /**
     * The grids of one device.
     *
     * @param multiprocessors of the device
     */
    record Grids(int multiprocessors) {

        static Grids of(Device device) {
            return new Grids(device.multiprocessors());
        }

        /** {@code swiglu.cu}: a warp for each row; more blocks than run at once even out the end. */
        Grid swiglu() {
            return new Grid(32 * multiprocessors, 256, 0);
        }

        /** {@code grouped_gemm_sm90.cu}: 4 stages of 48 KiB, 16 KiB to store from, 8 barriers, 1 KiB to align. */
        Grid hopper() {
            return new Grid(multiprocessors, 384, 4 * 48 * KIB + 16 * KIB + 8 * 8 + KIB);
        }

        /** Of a grouped product of such rows, on a chip or in a shape that {@link #hopper} is not for. */
        Grid product(DType rows) {
            return switch (rows) {
                // grouped_gemm_mma.cu: 2 stages of 32 KiB, two blocks on a multiprocessor at a time; more blocks even out the end.
                case BF16 -> new Grid(8 * multiprocessors, 128, 2 * 32 * KIB);
                // grouped_gemm_fp32.cu
                case F32 -> new Grid(4 * multiprocessors, 256, 0);
                case I32, I64 -> throw new IllegalArgumentException("rows of " + rows + "; rows are F32 or BF16");
            };
        }
    }
}
