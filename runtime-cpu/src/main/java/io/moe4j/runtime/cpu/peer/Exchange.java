package io.moe4j.runtime.cpu.peer;

/**
 * How a rank's bytes reach the others in a collective. Each rank offers segments; all offer the same number of them. It runs as part of a command.
 */
interface Exchange {

    /**
     * Shows {@code offer} to all ranks, and runs {@code pull} for consecutive parts of the segments, of which it sees those of all ranks.
     * Returns when all ranks have pulled everything.
     *
     * @param phase for the errors of those who wait
     */
    void run(String phase, Offer offer, Pull pull);

    /** Whether what {@link View} shows is what was offered, and not a copy of it: who writes to it changes what others see. */
    boolean isInPlace();

    /**
     * Segments of a rank's memory.
     *
     * @param addresses where each begins
     * @param bytes how long each is
     */
    record Offer(long[] addresses, long[] bytes) {

        /** {@code count} neighbouring segments of {@code bytes} each. */
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

    /** Takes bytes {@code from} to {@code to} of the segments; shorter ones end earlier. */
    interface Pull {
        /** Reads what it wants. */
        void take(long from, long to, View view);
    }
}
