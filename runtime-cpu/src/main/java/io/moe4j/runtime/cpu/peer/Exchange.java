package io.moe4j.runtime.cpu.peer;

/**
 * How a rank's bytes reach the others in a collective. Each rank offers segments of its memory; all ranks offer the same number of segments. An
 * exchange runs as part of a command.
 */
interface Exchange {

    /**
     * Exposes {@code offer} to all ranks, and runs {@code pull} for consecutive parts of the segments. In each part, the pull sees the segments of
     * all ranks. Returns when all ranks have pulled everything.
     *
     * @param phase name of the operation, for error messages of ranks that wait
     */
    void run(String phase, Offer offer, Pull pull);

    /** Whether {@link View} shows the offered memory itself and not a copy, so that a write to it changes what other ranks see. */
    boolean isInPlace();

    /**
     * Segments of one rank's memory.
     *
     * @param addresses the start of each segment
     * @param bytes the length of each segment
     */
    record Offer(long[] addresses, long[] bytes) {

        /** {@code count} adjacent segments of {@code bytes} bytes each. */
        static Offer of(long address, int count, long bytes) {
            long[] addresses = new long[count];
            long[] sizes = new long[count];
            for (int i = 0; i < count; i++) {
                addresses[i] = address + i * bytes;
                sizes[i] = bytes;
            }
            return new Offer(addresses, sizes);
        }

        int segments() {
            return addresses.length;
        }

        long longest() {
            long longest = 0;
            for (long size : bytes) {
                longest = Math.max(longest, size);
            }
            return longest;
        }
    }

    /** Where a part of each segment is. */
    interface View {
        /** The address of the part's first byte in segment {@code segment} of rank {@code peer}. */
        long address(int peer, int segment);
    }

    /** Reads bytes {@code from} (inclusive) to {@code to} (exclusive) of the segments; shorter segments end earlier. */
    interface Pull {
        /** Reads what this rank needs of the part. */
        void take(long from, long to, View view);
    }
}
