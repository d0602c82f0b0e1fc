package io.moe4j.comm.minimalasyncep;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Moves rows to the experts, and back. All addresses are 64-bit: a buffer of more than 2³¹ elements is ordinary. */
final class RowKernels {
    private static final long TOKENS_WORTH_A_HANDOVER = 16;

    private RowKernels() {}

    /**
     * Copies each token's row, and its K scalars, to those of its destinations that are in the {@link Window}. Arguments: x_TD; F32 weights_TK or
     * absent; I64 destinations_N; I64 T; I32 K; I64 bytes of a row; table of the peers' rows_RD (out); table of the peers' F32 weights_R (out); three
     * of the window. Grid: one warp per token, up to 2048 blocks; the warp reads the row once and writes it up to K times.
     */
    static void dispatchRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long x_TD = launch.pointer(0);
        long weights_TK = launch.pointer(1);
        long destinations_N = launch.pointer(2);
        int topK = launch.int32(4);
        long rowBytes = launch.int64(5);
        Window window = Window.of(launch, 8);
        if (window.isEmpty()) {
            return;
        }
        launch.parallelFor(launch.int64(3), TOKENS_WORTH_A_HANDOVER, (from, to) -> {
            for (long token = from; token < to; token++) {
                for (long n = token * topK; n < (token + 1) * topK; n++) {
                    long destination = memory.get(JAVA_LONG_UNALIGNED, destinations_N + 8 * n);
                    long row = window.row(destination);
                    if (row == Destination.DROPPED) {
                        continue;
                    }
                    int peer = Destination.rank(destination);
                    MemorySegment.copy(memory, x_TD + token * rowBytes, memory, launch.peer(6, peer) + row * rowBytes,
                            rowBytes);
                    if (weights_TK != 0) {
                        float weight = memory.get(JAVA_FLOAT_UNALIGNED, weights_TK + 4 * n);
                        memory.set(JAVA_FLOAT_UNALIGNED, launch.peer(7, peer) + 4 * row, weight);
                    }
                }
            }
        });
    }

    /**
     * Fetches each token's K rows from the peers and sums them in fp32, in slot order, rounded once. If there are several rounds, each fetches the
     * rows in its {@link Window}, and their scalars: all but the last store the rows in waiting_ND, and the last one sums. Arguments: I64
     * destinations_N; I64 T; I32 K; I64 D; table of the peers' rows_RD; table of the peers' F32 scalars_R; out_TD (out); F32 scalars_TK (out) or
     * absent; three of the window; waiting_ND (in, out), or absent for one round. Grid: T blocks. This kernel has a second name, combine_whole, for plans of
     * one round: there CUDA has a separate kernel without rounds.
     *
     * <p>In bf16, slots of 1, 2⁻⁸ and 2⁻⁸ give 1 + 2⁻⁷; if each addition were rounded to bf16, they would give 1. If the second slot came in round 1
     * of 2, round 0 would leave the first and third slot in waiting_ND, and round 1 would add in the same order.
     */
    static void combine(CpuLaunch launch, RowCodec codec) {
        Window window = Window.of(launch, 8);
        if (window.isEmpty()) {
            return;
        }
        Combination combination = new Combination(launch, codec, window);
        launch.parallelFor(launch.int64(1), TOKENS_WORTH_A_HANDOVER,
                window.isLast() ? combination::sum : combination::fetch);
    }

    /** The combine of a range of tokens. */
    private static final class Combination {
        private final CpuLaunch launch;
        private final MemorySegment memory;
        private final RowCodec codec;
        private final Window window;
        private final int topK;
        private final int dim;
        private final long rowBytes;
        private final long waiting_ND;

        Combination(CpuLaunch launch, RowCodec codec, Window window) {
            this.launch = launch;
            this.memory = launch.memory();
            this.codec = codec;
            this.window = window;
            topK = launch.int32(2);
            dim = Math.toIntExact(launch.int64(3));
            rowBytes = (long) dim * codec.bytes();
            waiting_ND = launch.pointer(11);
        }

        private long destination(long n) {
            return memory.get(JAVA_LONG_UNALIGNED, launch.pointer(0) + 8 * n);
        }

        private long peerRow(long destination, long row) {
            return launch.peer(4, Destination.rank(destination)) + row * rowBytes;
        }

        void fetch(long from, long to) {
            for (long n = from * topK; n < to * topK; n++) {
                long destination = destination(n);
                long row = window.row(destination);
                if (row != Destination.DROPPED) {
                    MemorySegment.copy(memory, peerRow(destination, row), memory, waiting_ND + n * rowBytes, rowBytes);
                    scalar(n, destination, row);
                }
            }
        }

        void sum(long from, long to) {
            float[] sum_D = new float[dim];
            float[] scratch_D = new float[dim];
            for (long token = from; token < to; token++) {
                Arrays.fill(sum_D, 0);
                for (long n = token * topK; n < (token + 1) * topK; n++) {
                    long destination = destination(n);
                    long row = window.row(destination);
                    if (row != Destination.DROPPED) {
                        codec.add(memory, peerRow(destination, row), sum_D, scratch_D);
                        scalar(n, destination, row);
                    } else if (destination != Destination.DROPPED && waiting_ND != 0) {
                        codec.add(memory, waiting_ND + n * rowBytes, sum_D, scratch_D);
                    } else if (launch.pointer(7) != 0) {
                        memory.set(JAVA_FLOAT_UNALIGNED, launch.pointer(7) + 4 * n, 0);
                    }
                }
                codec.store(sum_D, memory, launch.pointer(6) + token * rowBytes);
            }
        }

        private void scalar(long n, long destination, long row) {
            if (launch.pointer(7) != 0) {
                memory.set(JAVA_FLOAT_UNALIGNED, launch.pointer(7) + 4 * n, memory.get(JAVA_FLOAT_UNALIGNED,
                        launch.peer(5, Destination.rank(destination)) + 4 * row));
            }
        }
    }
}
