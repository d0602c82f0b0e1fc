package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.comm.support.ExpertSort;
import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;

/**
 * Computes destinations from expert ids: a counting sort whose buckets are spread over the ranks.
 *
 * <p>The comments use this example: EP = 2 ranks with e = 2 experts each, T = 2 tokens, K = 2. Rank 0 has ids [[2, 0], [2, 3]], rank 1 has
 * [[0, 2], [1, 0]]. Rank 0 receives four rows: for expert 0 one from rank 0 and two from rank 1, for expert 1 one from rank 1. Rank 1 receives four:
 * for expert 2 two from rank 0 and one from rank 1, for expert 3 one from rank 0.
 */
final class PlanKernels {
    private PlanKernels() {}

    /**
     * Replaces each block's count of an expert by the number of rows of that expert in the blocks before it, and writes the totals to every peer.
     * Arguments: I32 counts_BE (in, out); I32 B; I32 E; I32 rank; I32 EP; table of I32 counts_EPE of the peers (out: row {@code rank}). Grid: ceil(E
     * / 8) blocks of 8 warps, one warp for each expert.
     */
    static void publishCounts(CpuLaunch launch) {
        int experts = launch.int32(2);
        long row = 4L * launch.int32(3) * experts;
        int[] totals_E = ExpertSort.sumBlocks(launch.memory(), launch.pointer(0), launch.int32(1), experts);
        for (int peer = 0; peer < launch.int32(4); peer++) {
            MemorySegment.copy(totals_E, 0, launch.memory(), JAVA_INT_UNALIGNED, launch.peer(5, peer) + row, experts);
        }
    }

    /**
     * Computes, from the counts of all ranks, where this rank's first row for each expert lands, and how many rows this rank receives. Arguments: I32
     * counts_EPE; I32 EP; I32 E; I32 rank; I64 R_max; I64 starts_E (out); I32 offsets_e (out); I32 tokensPerExpert_E (out); I64 statistics_2 (in,
     * out). One block.
     *
     * <p>The example has counts [[1, 0, 2, 1], [2, 1, 1, 0]]. On rank 1: starts [1, 3, 2, 4] (expert 0: after rank 0's one row; expert 1: after the
     * three rows of expert 0; expert 2: after rank 0's two rows; expert 3: after the three rows of expert 2 and rank 0's one row), offsets [3, 4],
     * tokens [3, 1, 3, 1].
     */
    static void placeSegments(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long counts_EPE = launch.pointer(0);
        int ranks = launch.int32(1);
        int experts = launch.int32(2);
        int rank = launch.int32(3);
        long capacity = launch.int64(4);
        int perRank = experts / ranks;
        for (int destination = 0; destination < ranks; destination++) {
            long place = 0;
            for (int j = 0; j < perRank; j++) {
                long expert = (long) destination * perRank + j;
                int tokens = 0;
                for (int source = 0; source < ranks; source++) {
                    if (source == rank) {
                        memory.set(JAVA_LONG_UNALIGNED, launch.pointer(5) + 8 * expert, place + tokens);
                    }
                    tokens += memory.get(JAVA_INT_UNALIGNED, counts_EPE + 4 * ((long) source * experts + expert));
                }
                place += tokens;
                memory.set(JAVA_INT_UNALIGNED, launch.pointer(7) + 4 * expert, tokens);
                if (destination == rank) {
                    memory.set(JAVA_INT_UNALIGNED, launch.pointer(6) + 4L * j, (int) Math.min(place, capacity));
                }
            }
            if (destination == rank) {
                note(memory, launch.pointer(8), place, capacity);
            }
        }
    }

    private static void note(MemorySegment memory, long statistics_2, long required, long capacity) {
        long most = memory.get(JAVA_LONG_UNALIGNED, statistics_2);
        long dropped = memory.get(JAVA_LONG_UNALIGNED, statistics_2 + 8);
        memory.set(JAVA_LONG_UNALIGNED, statistics_2, Math.max(most, required));
        memory.set(JAVA_LONG_UNALIGNED, statistics_2 + 8, dropped + Math.max(0, required - capacity));
    }

    /**
     * Gives each routed row its destination; see {@link Destination}. Arguments: I32 ids_N; I64 N; I32 E; I32 e; I32 before_BE from
     * {@link #publishCounts}; I64 starts_E; I64 R_max; I64 destinations_N (out). Grid: B blocks.
     *
     * <p>On rank 1 of the example, with ids [0, 2, 1, 0]: row 1 of rank 0, row 2 of rank 1, row 3 of rank 0, row 2 of rank 0. If R_max were 3, rank 0
     * would have no row 3, and the third routed row would be dropped.
     */
    static void placeRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int perRank = launch.int32(3);
        long starts_E = launch.pointer(5);
        long capacity = launch.int64(6);
        ExpertSort.placeRows(launch, launch.pointer(0), launch.int64(1), launch.int32(2), launch.pointer(4),
                launch.pointer(7), (expert, index) -> {
                    long place = memory.get(JAVA_LONG_UNALIGNED, starts_E + 8L * expert) + index;
                    return place < capacity ? Destination.of(expert / perRank, place) : Destination.DROPPED;
                });
    }
}
