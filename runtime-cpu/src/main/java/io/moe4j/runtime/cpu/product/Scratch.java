package io.moe4j.runtime.cpu.product;

import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Arrays for the copies of blocks and for a tile. A product takes a set of them while it runs, and returns it for the next product: there are as many sets as
 * cores, of 0.6 MiB each.
 */
final class Scratch {
    private final ConcurrentLinkedQueue<Arrays> free = new ConcurrentLinkedQueue<>();

    /** The arrays of one thread. */
    record Arrays(float[] rows, float[] columns, float[] sums) {}

    Arrays take() {
        @Nullable Arrays kept = free.poll();
        return kept != null ? kept
                : new Arrays(new float[RowCopies.ELEMENTS],
                        new float[PackedColumns.elements(VectorProducts.MOST_COLUMNS, RowCopies.MOST_TERMS)],
                        new float[MicroKernel.ROWS * MicroKernel.COLUMNS]);
    }

    void giveBack(Arrays arrays) {
        free.add(arrays);
    }
}
