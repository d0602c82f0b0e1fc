package io.moe4j.runtime.cpu.engine;

/**
 * Fills memory of a strict device that no command has written yet. Every word is 0x7FC07FC0, which is NaN as F32 and as BF16, and is out of range as
 * an id or a count.
 */
final class Poison {
    /** The largest block that is poisoned as a whole. */
    static final long WHOLE = 1L << 30;
    private static final int WORD = 0x7FC0_7FC0;
    /** In a larger block, only this many bytes at each end are poisoned: large blocks are sparse, and should stay sparse. */
    private static final long EDGE = 32L << 20;

    private Poison() {}

    static void fill(long address, long bytes) {
        if (bytes > WHOLE) {
            words(address, EDGE);
            // Blocks begin at multiples of 256, so words are at the same places as in a block that is poisoned as a whole.
            long start = (bytes - EDGE) / Integer.BYTES * Integer.BYTES;
            words(address + start, bytes - start);
        } else {
            words(address, bytes);
        }
    }

    private static void words(long address, long bytes) {
        Fills.words(address, WORD, bytes / Integer.BYTES);
        for (long i = bytes / Integer.BYTES * Integer.BYTES; i < bytes; i++) {
            Addresses.ALL.set(java.lang.foreign.ValueLayout.JAVA_BYTE, address + i, (byte) (WORD >>> (8 * (i % 4))));
        }
    }
}
