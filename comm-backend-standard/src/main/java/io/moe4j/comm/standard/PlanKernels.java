package io.moe4j.comm.standard;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;

/** A stable counting sort of the routed rows by expert. The comments use this example: E = 4, ids [0, 2, 1, 0]. */
final class PlanKernels {
    private PlanKernels() {}

    /**
     * Replaces each block's count of an expert by the number of rows of that expert in the blocks before it. Arguments: I32 counts_BE (in, out); I32
     * B; I32 E; I32 counts_E (out). Grid: a warp for each expert.
     */
    static void sumCounts(CpuLaunch launch) {
        int[] totals_E = ExpertSort.sumBlocks(launch.memory(), launch.pointer(0), launch.int32(1), launch.int32(2));
        MemorySegment.copy(totals_E, 0, launch.memory(), JAVA_INT_UNALIGNED, launch.pointer(3), totals_E.length);
    }

    /**
     * Gives each routed row its place among the rows to send, or -1 if it is dropped. Arguments: I32 ids_N; I64 N; I32 E; I32 before_BE; I64
     * starts_E: where the rows of an expert begin; I64 kept_E: how many of them are sent; I64 places_N (out). Grid: B blocks.
     *
     * <p>The example, with starts [0, 2, 3, 4] and everything kept: [0, 3, 2, 1].
     */
    static void placeRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long starts_E = launch.pointer(4);
        long kept_E = launch.pointer(5);
        ExpertSort.placeRows(launch, launch.pointer(0), launch.int64(1), launch.int32(2), launch.pointer(3),
                launch.pointer(6), (expert, index) -> index < memory.get(JAVA_LONG_UNALIGNED, kept_E + 8L * expert)
                        ? memory.get(JAVA_LONG_UNALIGNED, starts_E + 8L * expert) + index
                        : -1);
    }

    /**
     * Converts places among the rows of all rounds to places among the rows of one round. The rows that a round sends to a rank are consecutive in both
     * orders. Arguments: I64 places_N; I64 N; I32 EP; I64 first_EP: where the round's rows for a rank begin among those of all rounds; I64 end_EP:
     * where they end; I64 start_EP: where they begin among those of the round; I64 places_N of the round (out), -1 for rows of other rounds. Grid:
     * ceil(N / 256) blocks.
     *
     * <p>Example: places [0, 3, 2, 1], the round has rows [1, 2) for rank 0 and [2, 4) for rank 1, which begin at 0 and 1: [-1, 2, 1, 0].
     */
    static void selectRound(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int ranks = launch.int32(2);
        long[][] parts = new long[3][ranks];
        for (int part = 0; part < parts.length; part++) {
            MemorySegment.copy(memory, JAVA_LONG_UNALIGNED, launch.pointer(3 + part), parts[part], 0, ranks);
        }
        for (long n = 0; n < launch.int64(1); n++) {
            long place = memory.get(JAVA_LONG_UNALIGNED, launch.pointer(0) + 8 * n);
            long selected = -1;
            for (int rank = 0; rank < ranks; rank++) {
                if (place >= parts[0][rank] && place < parts[1][rank]) {
                    selected = parts[2][rank] + place - parts[0][rank];
                }
            }
            memory.set(JAVA_LONG_UNALIGNED, launch.pointer(6) + 8 * n, selected);
        }
    }
}
