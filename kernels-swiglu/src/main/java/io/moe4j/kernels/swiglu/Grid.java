package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.Kernel;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Launch;
import io.moe4j.api.tensor.DType;
import java.util.List;

/**
 * The blocks of a launch. Grids are fixed: how much work there is stands on the device, and blocks stride over it. They are multiples of the 132
 * multiprocessors of an H100 or H200, and correct on any chip. A CPU ignores them.
 *
 * @param blocks of the grid
 * @param threads a block
 * @param sharedBytes dynamic shared memory of a block
 */
record Grid(int blocks, int threads, int sharedBytes) {
    private static final int MULTIPROCESSORS = 132;
    private static final int KIB = 1024;

    /** {@code swiglu.cu}: a warp a row; more blocks than run at once even out the end. */
    static final Grid SWIGLU = new Grid(32 * MULTIPROCESSORS, 256, 0);
    /** {@code grouped_gemm_sm90.cu}: 4 stages of 48 KiB, 16 KiB to store from, 8 barriers, 1 KiB to align. */
    static final Grid HOPPER = new Grid(MULTIPROCESSORS, 384, 4 * 48 * KIB + 16 * KIB + 8 * 8 + KIB);
    /** {@code grouped_gemm_mma.cu}: 2 stages of 32 KiB, two blocks a multiprocessor at a time; more blocks even out the end on chips of any size. */
    private static final Grid MMA = new Grid(8 * MULTIPROCESSORS, 128, 2 * 32 * KIB);
    /** {@code grouped_gemm_fp32.cu}. */
    private static final Grid FP32 = new Grid(4 * MULTIPROCESSORS, 256, 0);

    /** Of a grouped product of such rows, on a chip or in a shape that {@link #HOPPER} is not for. */
    static Grid product(DType rows) {
        return rows == DType.BF16 ? MMA : FP32;
    }

    Launch launch(Kernel kernel, List<KernelArg> arguments) {
        return new Launch(kernel, blocks, 1, threads, sharedBytes, arguments);
    }
}
