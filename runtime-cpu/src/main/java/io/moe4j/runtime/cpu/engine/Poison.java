package io.moe4j.runtime.cpu.engine;

/**
 * Fills memory of a strict device that no command has written yet. Every word is 0x7FC07FC0, which is NaN as F32 and as BF16, and is out of range as
 * an id or a count.
 */
final class Poison {
    private static final int WORD = 0x7FC0_7FC0;
    /** Of a larger block only this many bytes are poisoned: large blocks are sparse, and should stay sparse. */
    private static final long MOST = 1L << 30;

    private Poison() {}

    static void fill(long address, long bytes) {
        long most = Math.min(bytes, MOST);
        Fills.words(address, WORD, most / Integer.BYTES);
        for (long i = most / Integer.BYTES * Integer.BYTES; i < most; i++) {
            Addresses.ALL.set(java.lang.foreign.ValueLayout.JAVA_BYTE, address + i, (byte) (WORD >>> (8 * (i % 4))));
        }
    }
}
