package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** Launches the device's own kernels with grids that fit the work. */
final class Kernels {
    static final int BLOCK = 256;
    /** This many blocks fill a multiprocessor several times over; kernels stride over the remaining work. */
    private static final int MAX_BLOCKS_OF_MULTIPROCESSOR = 16;

    /** Threads that a multiprocessor can hold, on all GPUs that have machine code here. */
    private static final int THREADS_OF_MULTIPROCESSOR = 2048;

    private final KernelModule module;
    private final int sharedLimit;
    private final int multiprocessors;
    private final int maxBlocks;

    /**
     * Launches kernels of a device.
     *
     * @param sharedLimit bytes of shared memory that a block may ask for
     * @param multiprocessors number of multiprocessors of the device
     */
    Kernels(KernelModule module, int sharedLimit, int multiprocessors) {
        this.multiprocessors = multiprocessors;
        this.maxBlocks = MAX_BLOCKS_OF_MULTIPROCESSOR * multiprocessors;
        this.module = module;
        this.sharedLimit = sharedLimit;
    }

    /** Bytes of shared memory that a block may ask for. */
    int sharedLimit() {
        return sharedLimit;
    }

    /**
     * Blocks that can run at the same time, as limited by threads and shared memory. A multiprocessor has as much shared memory as a block may ask for.
     * For example, rows of 200 KiB leave room for one block on each of 132 multiprocessors, rows of 4 KiB for two of 1024 threads.
     */
    long resident(int threads, long sharedBytes) {
        return multiprocessors
                * Math.max(1, Math.min(THREADS_OF_MULTIPROCESSOR / threads, sharedLimit / Math.max(1, sharedBytes)));
    }

    /** Whether there is such a kernel for this GPU. */
    boolean has(String kernel) {
        return module.find(kernel).isPresent();
    }

    /** Launches one block for each multiprocessor. */
    void everyMultiprocessor(Stream stream, String kernel, int threads, int sharedBytes, KernelArg... arguments) {
        onMultiprocessors(multiprocessors, stream, kernel, threads, sharedBytes, arguments);
    }

    /** Launches one block for each of {@code count} multiprocessors. */
    void onMultiprocessors(int count, Stream stream, String kernel, int threads, int sharedBytes,
            KernelArg... arguments) {
        stream.launch(Launch.of(module.kernel(kernel), arguments).withGrid(count, 1).withBlock(threads)
                .withSharedBytes(sharedBytes));
    }

    /**
     * Launches one thread per item. Unlike in {@link #blocks}, the number of blocks is not limited: if threads need no preparation, starting a new block for
     * new items moves 5 to 9% more bytes per second than letting a block continue with them (measured on an H200).
     */
    void each(Stream stream, String kernel, long items, KernelArg... arguments) {
        launch(stream, kernel, Math.ceilDiv(items, (long) BLOCK), Integer.MAX_VALUE, BLOCK, 0, arguments);
    }

    /** Launches one warp per item, up to the limit of blocks. */
    void warps(Stream stream, String kernel, long items, int sharedBytesPerWarp, KernelArg... arguments) {
        int warpsPerBlock = BLOCK / 32;
        blocks(stream, kernel, Math.ceilDiv(items, (long) warpsPerBlock), BLOCK, sharedBytesPerWarp * warpsPerBlock,
                arguments);
    }

    /** Launches one block per item, up to the limit of blocks; launches nothing if there are no items. */
    void blocks(Stream stream, String kernel, long items, int threads, int sharedBytes, KernelArg... arguments) {
        launch(stream, kernel, items, maxBlocks, threads, sharedBytes, arguments);
    }

    private void launch(Stream stream, String kernel, long items, int most, int threads, int sharedBytes,
            KernelArg... arguments) {
        if (items > 0) {
            stream.launch(Launch.of(module.kernel(kernel), arguments).withGrid((int) Math.min(items, most), 1)
                    .withBlock(threads)
                    .withSharedBytes(sharedBytes));
        }
    }

    /** Threads (whole warps) for a row of {@code dim} elements, 8 per thread. */
    static int threadsOfRow(long dim) {
        return Math.toIntExact(Math.ceilDiv(dim, 256L) * 32);
    }

    /** Whether the last dimension is dense and a multiple of {@code elements}, and all rows start at multiples of 16 bytes. */
    static boolean vectors(int elements, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            int last = tensor.rank() - 1;
            if (tensor.address() % 16 != 0 || tensor.dim(last) % elements != 0
                    || (tensor.dim(last) > 1 && tensor.stride(last) != 1)) {
                return false;
            }
            for (int d = 0; d < last; d++) {
                if (tensor.dim(d) > 1 && tensor.stride(d) * tensor.dtype().bytes() % 16 != 0) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The suffix of a kernel for a floating-point type. */
    static String suffix(Tensor tensor) {
        return suffix(tensor.dtype());
    }

    static String suffix(DType dtype) {
        return switch (dtype) {
            case F32 -> "_f32";
            case BF16 -> "_bf16";
            case I32, I64, F8_E4M3 -> throw new DeviceException(
                    "an operation on floating-point numbers was given " + dtype + "; use F32 or BF16");
        };
    }

    /** Whether kernels have a form for this type that moves several elements at once. Kernels for types of 2 bytes do. */
    static boolean hasVectorForm(Tensor tensor) {
        return switch (tensor.dtype()) {
            case BF16 -> true;
            case F32, I32, I64, F8_E4M3 -> false;
        };
    }

    /** Whether rows of {@code width} elements, {@code strides} apart, can be moved 16 bytes at a time. */
    static boolean vectorised(long width, Tensor... rows) {
        for (Tensor tensor : rows) {
            int size = tensor.dtype().bytes();
            if (width * size % 16 != 0 || tensor.address() % 16 != 0 || tensor.stride(0) * size % 16 != 0) {
                return false;
            }
        }
        return true;
    }

    static KernelArg of(Tensor tensor) {
        return KernelArg.of(tensor);
    }

    static KernelArg of(long value) {
        return KernelArg.of(value);
    }

    static KernelArg of(int value) {
        return KernelArg.of(value);
    }

    static KernelArg of(float value) {
        return KernelArg.of(value);
    }

    static KernelArg ofInt(long value) {
        return KernelArg.of(Math.toIntExact(value));
    }

    static KernelArg flag(boolean value) {
        return KernelArg.of(value ? 1 : 0);
    }

    static void require(boolean holds, String operation, Object... tensors) {
        if (!holds) {
            throw new DeviceException(operation + " was given " + java.util.Arrays.toString(tensors)
                    + "; see the operation's javadoc for the shapes and types that it takes");
        }
    }
}
