package io.moe4j.comm.standard;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.moe4j.api.comm.support.RowCodec;
import io.moe4j.api.device.CpuLaunch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Moves rows between the order in which they are computed and the order in which they travel. All addresses are 64-bit. */
final class RowKernels {
    private static final long ROWS_WORTH_A_HANDOVER = 64;

    private RowKernels() {}

    /**
     * Copies rows into the buffer from which they are sent. Arguments: rows of the source; I64 places_N; I64 N; I32 how many routed rows share one
     * row of the source (K for tokens, 1 for scalars); I64 bytes of a row; rows to send (out). Grid: one warp per row, up to 2048 blocks.
     */
    static void packRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long source = launch.pointer(0);
        long places_N = launch.pointer(1);
        int sharers = launch.int32(3);
        long rowBytes = launch.int64(4);
        long packed = launch.pointer(5);
        launch.parallelFor(launch.int64(2), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            for (long n = from; n < to; n++) {
                long place = memory.get(JAVA_LONG_UNALIGNED, places_N + 8 * n);
                if (place >= 0) {
                    MemorySegment.copy(memory, source + n / sharers * rowBytes, memory, packed + place * rowBytes,
                            rowBytes);
                }
            }
        });
    }

    /**
     * Reorders rows between the order of the wire (by source rank, then expert) and the order of the experts (by expert, then source rank). A segment
     * is the rows that one rank sends to one expert. Arguments: rows in; rows out; I64 arrivals_S: where segments begin in the experts' order,
     * ascending; I64 sources_S: where they begin in the wire's order; I32 S; I64 R; I64 bytes of a row; I32 0 from the wire to the experts, 1 back.
     * Grid: one warp per row, up to 2048 blocks.
     *
     * <p>Example: one rank sends three rows and another sends one, to two experts: the wire has [a0 a1 b0 | a2], where the letter is the expert,
     * arrivals are [0, 2, 3, 4] (a of rank 0, a of rank 1, b of rank 0, b of rank 1), sources are [0, 3, 2, 4], and the experts see [a0 a1 a2 b0].
     */
    static void regroupRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long in = launch.pointer(0);
        long out = launch.pointer(1);
        int segments = launch.int32(4);
        long[] arrivals_S = longs(memory, launch.pointer(2), segments);
        long[] sources_S = longs(memory, launch.pointer(3), segments);
        long rowBytes = launch.int64(6);
        boolean back = launch.int32(7) != 0;
        launch.parallelFor(launch.int64(5), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            for (long row = from; row < to; row++) {
                int segment = lastAtOrBefore(arrivals_S, row);
                long wire = sources_S[segment] + row - arrivals_S[segment];
                MemorySegment.copy(memory, in + (back ? row : wire) * rowBytes, memory,
                        out + (back ? wire : row) * rowBytes, rowBytes);
            }
        });
    }

    /**
     * Copies returned scalars to their slots; dropped rows get 0. Arguments: F32 returned scalars, in the order of the wire; I64 places_N; I64 N; F32
     * scalars_TK (out). Grid: ceil(N / 256) blocks.
     */
    static void unpackScalars(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long scalars_TK = launch.pointer(3);
        for (long n = 0; n < launch.int64(2); n++) {
            long place = memory.get(JAVA_LONG_UNALIGNED, launch.pointer(1) + 8 * n);
            memory.set(JAVA_FLOAT_UNALIGNED, scalars_TK + 4 * n,
                    place < 0 ? 0 : memory.get(JAVA_FLOAT_UNALIGNED, launch.pointer(0) + 4 * place));
        }
    }

    /**
     * Copies the rows that came back in one round to their slots; slots of other rounds are not changed. Arguments: returned rows, in the order of the wire;
     * I64 places_N; I64 N; I64 bytes of a row; rows of slots (out). Grid: one warp per row, up to 2048 blocks.
     *
     * <p>Example: places [1, -1, 0], returned [a, b]: slot 0 becomes b, slot 2 becomes a.
     */
    static void unpackRows(CpuLaunch launch) {
        MemorySegment memory = launch.memory();
        long rowBytes = launch.int64(3);
        launch.parallelFor(launch.int64(2), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            for (long n = from; n < to; n++) {
                long place = memory.get(JAVA_LONG_UNALIGNED, launch.pointer(1) + 8 * n);
                if (place >= 0) {
                    MemorySegment.copy(memory, launch.pointer(0) + place * rowBytes, memory,
                            launch.pointer(4) + n * rowBytes, rowBytes);
                }
            }
        });
    }

    /**
     * Sums each token's K rows in fp32, in slot order, rounded once. Arguments: returned rows, in the order of the wire; I64 places_N, or absent for
     * rows in slot order; I64 T; I32 K; I64 D; out_TD (out). Grid: T blocks.
     */
    static void sumRows(CpuLaunch launch, RowCodec codec) {
        MemorySegment memory = launch.memory();
        long rows = launch.pointer(0);
        long places_N = launch.pointer(1);
        int topK = launch.int32(3);
        int dim = Math.toIntExact(launch.int64(4));
        long rowBytes = (long) dim * codec.bytes();
        long out_TD = launch.pointer(5);
        launch.parallelFor(launch.int64(2), ROWS_WORTH_A_HANDOVER, (from, to) -> {
            float[] sum_D = new float[dim];
            float[] scratch_D = new float[dim];
            for (long token = from; token < to; token++) {
                Arrays.fill(sum_D, 0);
                for (long n = token * topK; n < (token + 1) * topK; n++) {
                    long place = places_N == 0 ? n : memory.get(JAVA_LONG_UNALIGNED, places_N + 8 * n);
                    if (place >= 0) {
                        codec.add(memory, rows + place * rowBytes, sum_D, scratch_D);
                    }
                }
                codec.store(sum_D, memory, out_TD + token * rowBytes);
            }
        });
    }

    /** Index of the last start that is at most {@code row}. Empty segments begin where the next one begins, so the last one holds the row. */
    private static int lastAtOrBefore(long[] starts, long row) {
        int low = 0;
        int high = starts.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (starts[middle] <= row) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private static long[] longs(MemorySegment memory, long address, int count) {
        long[] values = new long[count];
        MemorySegment.copy(memory, JAVA_LONG_UNALIGNED, address, values, 0, count);
        return values;
    }
}
