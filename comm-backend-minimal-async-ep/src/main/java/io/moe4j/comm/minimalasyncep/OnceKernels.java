package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;

/**
 * Sends a token's row once to each rank that needs it, and copies it to its other places there.
 *
 * <p>The source writes the row to the place of the token's first slot on that rank, and a 4-byte entry to each of the token's places there. The entries
 * chain the places in slot order. After the rows have arrived, the destination follows the chains. An entry says which place is next, and whether the row
 * was sent to this place: if so, it is {@code next + 1} (0 at the end of a chain); if the row is still to be copied here, it is the bitwise complement of
 * that, which is negative.
 *
 * <p>Example: a token's three slots have the places 5, 2 and 9 of one rank. Its row is written to place 5; the entries are 3 (place 2 follows) in place 5, ~10
 * in place 2, and ~0 in place 9.
 */
final class OnceKernels {
    /** Slots that are handled together. A token with more than 32 experts is sent as if it were several tokens. */
    private static final int MAX_SLOTS = 32;
    private static final long ROWS_WORTH_A_HANDOVER = 16;
    private static final int NONE = -1;

    private OnceKernels() {}

    /**
     * Copies each token's row to the first of its destinations on each rank of another device, and to all of its destinations on other ranks; scalars
     * and entries to all destinations. Arguments: x_TD; F32 weights_TK or absent; I64 destinations_N; I64 T; I32 K; I64 bytes of a row; I32 far_EP, 1 for
     * ranks to which rows are sent once; table of the peers' rows_RD (out); table of the peers' F32 weights_R (out); table of the peers' I32 chain_R
     * (out); three of the {@link Window}; destinations outside it are ignored. Grid: one warp per token, up to 2048 blocks.
     */
    static void dispatchRowsOnce(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        int topK = launch.int32(4);
        Window window = Window.of(launch, 10);
        if (window.isEmpty()) {
            return;
        }
        launch.parallelFor(launch.int64(3), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            long[] destinations = new long[MAX_SLOTS];
            for (long token = from; token < to; token++) {
                for (int first = 0; first < topK; first += MAX_SLOTS) {
                    int slots = Math.min(MAX_SLOTS, topK - first);
                    for (int k = 0; k < slots; k++) {
                        destinations[k] = window.inBuffer(memory.get(JAVA_LONG_UNALIGNED,
                                launch.pointer(2) + 8 * (token * topK + first + k)));
                    }
                    for (int k = 0; k < slots; k++) {
                        if (destinations[k] != Destination.DROPPED) {
                            send(launch, token, token * topK + first + k, destinations, k, slots);
                        }
                    }
                }
            }
        });
    }

    private static void send(CpuLaunch launch, long token, long n, long[] destinations, int k, int slots) {
        MemorySegment memory = launch.memory();
        long rowBytes = launch.int64(5);
        int peer = Destination.rank(destinations[k]);
        long row = Destination.row(destinations[k]);
        boolean far = memory.get(JAVA_INT_UNALIGNED, launch.pointer(6) + 4L * peer) != 0;
        boolean isFirst = !far || other(destinations, peer, 0, k) == NONE;
        int next = far ? other(destinations, peer, k + 1, slots) : NONE;
        int entry = next == NONE ? 0 : Math.toIntExact(Destination.row(destinations[next]) + 1);
        memory.set(JAVA_INT_UNALIGNED, launch.peer(9, peer) + 4 * row, isFirst ? entry : ~entry);
        if (launch.pointer(1) != 0) {
            memory.set(JAVA_FLOAT_UNALIGNED, launch.peer(8, peer) + 4 * row,
                    memory.get(JAVA_FLOAT_UNALIGNED, launch.pointer(1) + 4 * n));
        }
        if (isFirst) {
            MemorySegment.copy(memory, launch.pointer(0) + token * rowBytes, memory,
                    launch.peer(7, peer) + row * rowBytes, rowBytes);
        }
    }

    /** The first slot in [from, to) whose destination is on rank {@code peer}. */
    private static int other(long[] destinations, int peer, int from, int to) {
        for (int k = from; k < to; k++) {
            if (destinations[k] != Destination.DROPPED && Destination.rank(destinations[k]) == peer) {
                return k;
            }
        }
        return NONE;
    }

    /**
     * Copies each row that has arrived to the places that its chain leads to. Arguments: rows_RD (in, out); I32 chain_R; I32 R, the number of received
     * rows; I64 bytes of a row. Grid: one warp per eight rows, up to 2048 blocks.
     *
     * <p>In the example of the class, the row in place 5 is read once, and written to the places 2 and 9.
     */
    static void spreadRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long rows_RD = launch.pointer(0);
        long chain_R = launch.pointer(1);
        long rowBytes = launch.int64(3);
        launch.parallelFor(memory.get(JAVA_INT_UNALIGNED, launch.pointer(2)), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            for (long row = from; row < to; row++) {
                int entry = memory.get(JAVA_INT_UNALIGNED, chain_R + 4 * row);
                while (entry > 0) {
                    long place = entry - 1L;
                    MemorySegment.copy(memory, rows_RD + row * rowBytes, memory, rows_RD + place * rowBytes, rowBytes);
                    entry = ~memory.get(JAVA_INT_UNALIGNED, chain_R + 4 * place);
                }
            }
        });
    }
}
