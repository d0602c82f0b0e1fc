package io.moe4j.api.comm.support;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.Stability;
import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.DeviceException;
import java.lang.foreign.MemorySegment;

/**
 * A stable counting sort of N routed rows by expert, for Java kernels, in three steps: {@link #countRows} counts the rows of each block of
 * {@value #BLOCK_ROWS} by expert; {@link #sumBlocks} replaces the counts by running sums over the blocks; {@link #placeRows} gives each row its index
 * among the rows of its expert. The backend defines what an index means: a position in a local buffer, or a row of a peer. The CUDA twin is
 * {@code build-support/cuda/expert_sort.cuh}.
 *
 * <p>The comments share one example: E = 4, ids [0, 2, 1, 0], as if each block had two rows. In this class B is the number of blocks.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public final class ExpertSort {
    /** Routed rows that one block counts and places. */
    public static final int BLOCK_ROWS = 1024;

    private ExpertSort() {}

    /**
     * A kernel: counts each block's rows by expert. Arguments: I32 ids_N; I64 N; I32 E; I32 counts_BE (out). Grid: B blocks.
     *
     * <p>The example: [[1, 0, 1, 0], [1, 1, 0, 0]].
     *
     * @throws DeviceException if an id is not in [0, E)
     */
    public static void countRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long ids_N = launch.pointer(0);
        long n = launch.int64(1);
        int experts = launch.int32(2);
        long counts_BE = launch.pointer(3);
        launch.parallelFor(Math.ceilDiv(n, BLOCK_ROWS), 1, (from, to) -> {
            for (long block = from; block < to; block++) {
                int[] counts_E = new int[experts];
                long end = Math.min(n, (block + 1) * BLOCK_ROWS);
                for (long row = block * BLOCK_ROWS; row < end; row++) {
                    counts_E[expert(memory, ids_N, row, experts)]++;
                }
                MemorySegment.copy(counts_E, 0, memory, JAVA_INT_UNALIGNED, counts_BE + 4 * block * experts, experts);
            }
        });
    }

    /**
     * Replaces each count by the number of rows that the expert has in all earlier blocks. The example: [[0, 0, 0, 0], [1, 0, 1, 0]].
     *
     * @param counts_BE address of the counts (in, out)
     * @return the rows of each expert in all blocks; the example: [2, 1, 1, 0]
     */
    public static int[] sumBlocks(MemorySegment memory, long counts_BE, int blocks, int experts) {
        int[] totals_E = new int[experts];
        for (int expert = 0; expert < experts; expert++) {
            int before = 0;
            for (long block = 0; block < blocks; block++) {
                long at = counts_BE + 4 * (block * experts + expert);
                int count = memory.get(JAVA_INT_UNALIGNED, at);
                memory.set(JAVA_INT_UNALIGNED, at, before);
                before += count;
            }
            totals_E[expert] = before;
        }
        return totals_E;
    }

    /**
     * Gives each routed row its place. The indexes in the example: [0, 0, 0, 1].
     *
     * @param ids_N address of the I32 expert ids
     * @param before_BE address of the I32 counts after {@link #sumBlocks}
     * @param places_N address of the I64 places (out)
     * @param place computes the place of a row
     */
    public static void placeRows(CpuLaunch launch, long ids_N, long n, int experts, long before_BE, long places_N,
            Place place) {
        MemorySegment memory = launch.memory();
        launch.parallelFor(Math.ceilDiv(n, BLOCK_ROWS), 1, (from, to) -> {
            for (long block = from; block < to; block++) {
                int[] next_E = new int[experts];
                MemorySegment.copy(memory, JAVA_INT_UNALIGNED, before_BE + 4 * block * experts, next_E, 0, experts);
                long end = Math.min(n, (block + 1) * BLOCK_ROWS);
                for (long row = block * BLOCK_ROWS; row < end; row++) {
                    int expert = expert(memory, ids_N, row, experts);
                    memory.set(JAVA_LONG_UNALIGNED, places_N + 8 * row, place.of(expert, next_E[expert]++));
                }
            }
        });
    }

    private static int expert(MemorySegment memory, long ids_N, long row, int experts) {
        int expert = memory.get(JAVA_INT_UNALIGNED, ids_N + 4 * row);
        if (expert < 0 || expert >= experts) {
            throw new DeviceException("routed row " + row + " asks for expert " + expert + " of " + experts
                    + "; ids are 0 to E - 1, so look at what the router wrote");
        }
        return expert;
    }

    /** Computes the place of a row. */
    @FunctionalInterface
    public interface Place {
        /** The place of the row of {@code expert} that has {@code index} rows of this expert before it. */
        long of(int expert, long index);
    }
}
