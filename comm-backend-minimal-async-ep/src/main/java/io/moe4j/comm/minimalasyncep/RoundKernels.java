package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;

/**
 * Counts rounds, on the device. The comments use this example: EP = 2 ranks with e = 2 experts each, C = 4 rows, counts [[3, 0, 1, 0], [2, 4, 0, 0]]:
 * rank 0 receives 9 rows and rank 1 receives one, so both make 3 rounds. On rank 0, ends are [5, 9].
 */
final class RoundKernels {
    private RoundKernels() {}

    /**
     * Computes, from the counts of all ranks, how many rounds a plan needs, and the offsets of the first one. Arguments: I32 counts_EPE; I32 EP; I32 E;
     * I64 C; I32 ends_e; I32 rounds_1 (out); I32 offsets_e (out); I64 statistics_3 (in, out): plans, plans of more than one round, most rounds. One
     * block.
     *
     * <p>The example: 3 rounds; on rank 0 offsets [4, 4].
     */
    static void planRounds(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int ranks = launch.int32(1);
        int experts = launch.int32(2);
        int perRank = experts / ranks;
        long capacity = launch.int64(3);
        long most = 0;
        for (int rank = 0; rank < ranks; rank++) {
            long rows = 0;
            for (int source = 0; source < ranks; source++) {
                for (int expert = rank * perRank; expert < (rank + 1) * perRank; expert++) {
                    rows += memory.get(JAVA_INT_UNALIGNED,
                            launch.pointer(0) + 4 * ((long) source * experts + expert));
                }
            }
            most = Math.max(most, rows);
        }
        int rounds = most == 0 ? 1 : (int) Math.ceilDiv(most, capacity);
        memory.set(JAVA_INT_UNALIGNED, launch.pointer(5), rounds);
        clip(memory, launch.pointer(4), perRank, 0, capacity, launch.pointer(6));
        long statistics_3 = launch.pointer(7);
        note(memory, statistics_3, memory.get(JAVA_LONG_UNALIGNED, statistics_3) + 1);
        note(memory, statistics_3 + 8, memory.get(JAVA_LONG_UNALIGNED, statistics_3 + 8) + (rounds > 1 ? 1 : 0));
        note(memory, statistics_3 + 16, Math.max(memory.get(JAVA_LONG_UNALIGNED, statistics_3 + 16), rounds));
    }

    private static void note(MemorySegment memory, long address, long value) {
        memory.set(JAVA_LONG_UNALIGNED, address, value);
    }

    /**
     * Computes the offsets of the round that is under way; they are 0 once all rounds are made. Arguments: I32 round_1; I32 ends_e; I32 e; I64 C; I32
     * offsets_e (out); I32 before_1 (out): how many rows of the round's first expert earlier rounds had. One block.
     *
     * <p>The example, on rank 0: round 1 has offsets [1, 4] and before 4, round 2 [0, 1] and 3, and any further round [0, 0] and 0.
     */
    static void openRound(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int round = memory.get(JAVA_INT_UNALIGNED, launch.pointer(0));
        long ends_e = launch.pointer(1);
        int experts = launch.int32(2);
        clip(memory, ends_e, experts, round, launch.int64(3), launch.pointer(4));
        long first = round * launch.int64(3);
        long start = 0;
        int before = 0;
        for (long expert = 0; expert < experts; expert++) {
            long end = memory.get(JAVA_INT_UNALIGNED, ends_e + 4 * expert);
            if (start < first && first < end) {
                before = (int) (first - start);
            }
            start = end;
        }
        memory.set(JAVA_INT_UNALIGNED, launch.pointer(5), before);
    }

    private static void clip(MemorySegment memory, long ends_e, int experts, int round, long capacity,
            long offsets_e) {
        for (long expert = 0; expert < experts; expert++) {
            long end = memory.get(JAVA_INT_UNALIGNED, ends_e + 4 * expert);
            memory.set(JAVA_INT_UNALIGNED, offsets_e + 4 * expert,
                    (int) Math.clamp(end - round * capacity, 0, capacity));
        }
    }
}
