package io.moe4j.comm.minimalasyncep;

/** Where a routed row goes, in one 64-bit number: the rank above bit 40, the row below it; or dropped. */
final class Destination {
    /** Beyond the capacity: sent nowhere, counted as zero. */
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
