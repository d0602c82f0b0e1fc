package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** Access to memory by absolute address. */
@Stability(Stability.Level.INTERNAL)
public final class Addresses {
    /** All of memory, as one segment: an offset in it is an address. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    private Addresses() {}

    /** Reads a word that another thread or process may write. What the writer wrote before that word is visible afterwards. */
    public static long getAcquire(long address) {
        return (long) WORD.getAcquire(ALL, address);
    }

    /** Writes a word that another thread or process may read. All earlier writes of this thread become visible before it. */
    public static void setRelease(long address, long value) {
        WORD.setRelease(ALL, address, value);
    }

    /** Fills {@code bytes} bytes with zeros. */
    public static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }

    /** Copies {@code bytes} bytes; the ranges must not overlap. */
    public static void copy(long source, long destination, long bytes) {
        MemorySegment.copy(ALL, source, ALL, destination, bytes);
    }
}
