package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.util.List;

/**
 * One launch of a kernel. A CPU device ignores the grid: a Java kernel divides its own work.
 *
 * @param kernel the kernel
 * @param gridX blocks along x, at least 1
 * @param gridY blocks along y, at least 1
 * @param blockThreads threads of a block, 1 to 1024
 * @param sharedBytes dynamic shared memory of a block, in bytes
 * @param arguments in the order of the kernel's parameters
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public record Launch(Kernel kernel, int gridX, int gridY, int blockThreads, int sharedBytes,
        List<KernelArg> arguments) {

    public Launch {
        arguments = List.copyOf(arguments);
        if (gridX < 1 || gridY < 1 || blockThreads < 1 || blockThreads > 1024 || sharedBytes < 0) {
            throw new IllegalArgumentException("launch of " + kernel.name() + " with grid " + gridX + "x" + gridY + ", "
                    + blockThreads + " threads and " + sharedBytes
                    + " shared bytes: grids are >= 1, blocks 1..1024, shared memory >= 0");
        }
    }

    /** One block of one thread, for kernels that exist only for the CPU. */
    public static Launch of(Kernel kernel, KernelArg... arguments) {
        return new Launch(kernel, 1, 1, 1, 0, List.of(arguments));
    }

    public Launch withGrid(int x, int y) {
        return new Launch(kernel, x, y, blockThreads, sharedBytes, arguments);
    }

    public Launch withBlock(int threads) {
        return new Launch(kernel, gridX, gridY, threads, sharedBytes, arguments);
    }

    public Launch withSharedBytes(int bytes) {
        return new Launch(kernel, gridX, gridY, blockThreads, bytes, arguments);
    }
}
