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
     * Copies each token's row, and its K scalars, to its destinations. Arguments: x_TD; F32 weights_TK or absent; I64 destinations_N;
     * I64 T; I32 K; I64 bytes of a row; table of the peers' rows_RD (out); table of the peers' F32 weights_R (out). Grid: one warp per token, up to
     * 2048 blocks; the warp reads the row once and writes it K times.
     */
    static void dispatchRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long x_TD = launch.pointer(0);
        long weights_TK = launch.pointer(1);
        long destinations_N = launch.pointer(2);
        int topK = launch.int32(4);
        long rowBytes = launch.int64(5);
        launch.parallelFor(launch.int64(3), TOKENS_WORTH_A_HANDOVER, (from, to) -> {
            for (long token = from; token < to; token++) {
                for (long n = token * topK; n < (token + 1) * topK; n++) {
                    long destination = memory.get(JAVA_LONG_UNALIGNED, destinations_N + 8 * n);
                    if (destination == Destination.DROPPED) {
                        continue;
                    }
                    int peer = Destination.rank(destination);
                    long row = Destination.row(destination);
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
     * Fetches each token's K rows from the peers and sums them in fp32, in slot order, rounded once. Arguments: I64 destinations_N; I64 T; I32
     * K; I64 D; table of the peers' rows_RD; table of the peers' F32 scalars_R; out_TD (out); F32 scalars_TK (out) or absent. Grid: T blocks.
     *
     * <p>In bf16, slots of 1, 2⁻⁸ and 2⁻⁸ give 1 + 2⁻⁷; if each addition were rounded to bf16, they would give 1.
     */
    static void combine(CpuLaunch launch, RowCodec codec) {
        MemorySegment memory = launch.memory();
        long destinations_N = launch.pointer(0);
        int topK = launch.int32(2);
        int dim = Math.toIntExact(launch.int64(3));
        long rowBytes = (long) dim * codec.bytes();
        long out_TD = launch.pointer(6);
        long scalars_TK = launch.pointer(7);
        launch.parallelFor(launch.int64(1), TOKENS_WORTH_A_HANDOVER, (from, to) -> {
            float[] sum_D = new float[dim];
            float[] scratch_D = new float[dim];
            for (long token = from; token < to; token++) {
                Arrays.fill(sum_D, 0);
                for (long n = token * topK; n < (token + 1) * topK; n++) {
                    long destination = memory.get(JAVA_LONG_UNALIGNED, destinations_N + 8 * n);
                    float scalar = 0;
                    if (destination != Destination.DROPPED) {
                        int peer = Destination.rank(destination);
                        long row = Destination.row(destination);
                        codec.add(memory, launch.peer(4, peer) + row * rowBytes, sum_D, scratch_D);
                        scalar = scalars_TK == 0
                                ? 0
                                : memory.get(JAVA_FLOAT_UNALIGNED, launch.peer(5, peer) + 4 * row);
                    }
                    if (scalars_TK != 0) {
                        memory.set(JAVA_FLOAT_UNALIGNED, scalars_TK + 4 * n, scalar);
                    }
                }
                codec.store(sum_D, memory, out_TD + token * rowBytes);
            }
        });
    }
}
