package io.moe4j.comm.standard;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;
import io.moe4j.api.device.DeviceException;
import java.lang.foreign.MemorySegment;

/** A stable counting sort of the routed rows by expert. The example of the comments: E = 4, ids [0, 2, 1, 0]. */
final class PlanKernels {
    private static final int ROWS = StandardKernels.BLOCK_ROWS;

    private PlanKernels() {}

    /**
     * Counts each block's rows by expert. Arguments: I32 ids_N; I64 N; I32 E; I32 counts_BE (out). Grid: B blocks.
     *
     * <p>The example, in one block: [2, 1, 1, 0].
     */
    static void countRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long ids_N = launch.pointer(0);
        long n = launch.int64(1);
        int experts = launch.int32(2);
        long counts_BE = launch.pointer(3);
        launch.parallelFor(Math.ceilDiv(n, ROWS), 1, (from, to) -> {
            for (long block = from; block < to; block++) {
                int[] counts_E = new int[experts];
                long end = Math.min(n, (block + 1) * ROWS);
                for (long row = block * ROWS; row < end; row++) {
                    counts_E[expert(memory, ids_N, row, experts)]++;
                }
                MemorySegment.copy(counts_E, 0, memory, JAVA_INT_UNALIGNED, counts_BE + 4 * block * experts, experts);
            }
        });
    }

    /**
     * Replaces each block's counts by how many rows of the expert the blocks before it hold. Arguments: I32 counts_BE (in, out); I32 B; I32 E;
     * I32 counts_E (out). Grid: a warp for each expert.
     */
    static void sumCounts(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int blocks = launch.int32(1);
        int experts = launch.int32(2);
        for (int expert = 0; expert < experts; expert++) {
            int before = 0;
            for (long block = 0; block < blocks; block++) {
                long at = launch.pointer(0) + 4 * (block * experts + expert);
                int count = memory.get(JAVA_INT_UNALIGNED, at);
                memory.set(JAVA_INT_UNALIGNED, at, before);
                before += count;
            }
            memory.set(JAVA_INT_UNALIGNED, launch.pointer(3) + 4L * expert, before);
        }
    }

    /**
     * Gives each routed row its place among the rows to send, or -1 if it is dropped. Arguments: I32 ids_N; I64 N; I32 E; I32 before_BE; I64
     * starts_E: where the rows of an expert begin; I64 kept_E: how many of them are sent; I64 places_N (out). Grid: B blocks.
     *
     * <p>The example, with starts [0, 2, 3, 4] and everything kept: [0, 3, 2, 1].
     */
    static void placeRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long ids_N = launch.pointer(0);
        long n = launch.int64(1);
        int experts = launch.int32(2);
        long before_BE = launch.pointer(3);
        long starts_E = launch.pointer(4);
        long kept_E = launch.pointer(5);
        long places_N = launch.pointer(6);
        launch.parallelFor(Math.ceilDiv(n, ROWS), 1, (from, to) -> {
            for (long block = from; block < to; block++) {
                int[] before_E = new int[experts];
                MemorySegment.copy(memory, JAVA_INT_UNALIGNED, before_BE + 4 * block * experts, before_E, 0, experts);
                long end = Math.min(n, (block + 1) * ROWS);
                for (long row = block * ROWS; row < end; row++) {
                    int expert = expert(memory, ids_N, row, experts);
                    long index = before_E[expert]++;
                    boolean kept = index < memory.get(JAVA_LONG_UNALIGNED, kept_E + 8L * expert);
                    memory.set(JAVA_LONG_UNALIGNED, places_N + 8 * row,
                            kept ? memory.get(JAVA_LONG_UNALIGNED, starts_E + 8L * expert) + index : -1);
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
}
