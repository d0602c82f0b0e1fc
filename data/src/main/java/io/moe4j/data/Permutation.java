package io.moe4j.data;

/**
 * A permutation of the numbers 0 to {@code size - 1}, of which each element is computed independently: a Feistel network over an even number of bits, applied
 * repeatedly until it gives a number below {@code size} (cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). On average at most
 * four applications are needed.
 *
 * <p>For example, of {@code size} = 5, four bits: 0 → 13 → 2, so that 2 comes first. A Feistel network with any round function is a permutation of 0 to 15,
 * and cycle walking turns it into a permutation of 0 to 4.
 */
final class Permutation {
    private static final int ROUNDS = 6;

    private final long size;
    private final int half;
    private final long mask;
    private final long[] keys = new long[ROUNDS];

    /**
     * A permutation.
     *
     * @param key selects the permutation
     */
    Permutation(long size, long key) {
        if (size < 1) {
            throw new IllegalArgumentException("an order of " + size + " numbers; there must be at least one");
        }
        this.size = size;
        int bits = Long.SIZE - Long.numberOfLeadingZeros(size - 1);
        half = (bits + 1) / 2;
        mask = (1L << half) - 1;
        long state = key;
        for (int i = 0; i < ROUNDS; i++) {
            state += 0x9E3779B97F4A7C15L;
            keys[i] = mix(state);
        }
    }

    /** The number at position {@code place}. */
    long at(long place) {
        if (place < 0 || place >= size) {
            throw new IndexOutOfBoundsException("place " + place + " of " + size);
        }
        long number = place;
        do {
            number = network(number);
        } while (number >= size);
        return number;
    }

    private long network(long number) {
        long left = number >>> half;
        long right = number & mask;
        for (long key : keys) {
            long next = left ^ (mix(right + key) & mask);
            left = right;
            right = next;
        }
        return left << half | right;
    }

    /** The mixing function of SplitMix64 (Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014). */
    static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
