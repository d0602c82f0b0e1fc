package io.moe4j.runtime.cpu.engine;

/**
 * The content of memory that nobody has computed, on a strict device: every word is 0x7FC07FC0, which is NaN as F32 and as BF16, and an id or
 * a count that fits nowhere.
 */
final class Poison {
    private static final int WORD = 0x7FC0_7FC0;
    /** Blocks larger than this are only poisoned so far: they are sparse, and shall stay so. */
    private static final long MOST = 1L << 30;

    private Poison() {}

    static void fill(long address, long bytes) {
        long most = Math.min(bytes, MOST);
        Fills.words(address, WORD, most / Integer.BYTES);
        for (long i = most / Integer.BYTES * Integer.BYTES; i < most; i++) {
            Addresses.ALL.set(java.lang.foreign.ValueLayout.JAVA_BYTE, address + i, (byte) (WORD >>> 8 * (i % 4)));
        }
    }
}
