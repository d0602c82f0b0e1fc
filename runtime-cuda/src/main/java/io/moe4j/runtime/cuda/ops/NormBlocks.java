package io.moe4j.runtime.cuda.ops;

import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/**
 * How a block of {@code norm.cu} covers aligned bf16 rows of {@code dim} elements, eight per thread.
 *
 * <p>Example: rows of 512 elements take 64 threads, and four lie side by side in a block; rows of 5120 take a block of 640 threads each.
 *
 * @param width threads per row: whole warps
 * @param rows number of rows side by side in a block
 */
record NormBlocks(int width, int rows) {
    private static final int MOST_THREADS = 1024;
    /** {@code FORWARD_ROWS} and {@code WIDE_ROWS} of {@code norm.cu}: rows that a thread keeps in flight. */
    private static final int FORWARD_ROWS = 4;
    private static final int WIDE_ROWS = 1;

    /** The blocks for rows of {@code dim} elements; empty if rows cannot be moved 16 bytes at a time or are too long. */
    static Optional<NormBlocks> of(long dim, Tensor... tensors) {
        int width = Kernels.threadsOfRow(dim);
        return Kernels.hasVectorForm(tensors[0]) && Kernels.vectors(8, tensors) && width <= MOST_THREADS
                ? Optional.of(new NormBlocks(width, Math.max(1, Kernels.BLOCK / width)))
                : Optional.empty();
    }

    int threads() {
        return width * rows;
    }

    /** Rows that a block has in flight in the forward pass. */
    int rowsAtOnce() {
        return rows * (wide() ? WIDE_ROWS : FORWARD_ROWS);
    }

    /** The suffix of the names of the kernels for such blocks. */
    String suffix() {
        return wide() ? "_columns_wide" : "_columns";
    }

    /** Bytes of shared memory in which the weight gradients of the rows side by side are added. */
    int sharedBytes(long dim) {
        return rows > 1 ? Math.toIntExact(rows * dim * Float.BYTES) : 0;
    }

    private boolean wide() {
        return threads() > Kernels.BLOCK;
    }
}
