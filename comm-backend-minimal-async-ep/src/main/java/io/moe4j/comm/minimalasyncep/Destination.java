package io.moe4j.comm.minimalasyncep;

/** Where a routed row goes, as one 64-bit number: {@code rank << 40 | row}, or {@link #DROPPED}. */
final class Destination {
    /** A row beyond the capacity: it is sent nowhere, and adds zero to the sum. */
    static final long DROPPED = -1;

    private static final int RANK_SHIFT = 40;

    private Destination() {}

    static long of(int rank, long row) {
        return (long) rank << RANK_SHIFT | row;
    }

    static int rank(long destination) {
        return (int) (destination >>> RANK_SHIFT);
    }

    static long row(long destination) {
        return destination & (1L << RANK_SHIFT) - 1;
    }
}
