package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** Words at absolute addresses. */
@Stability(Stability.Level.INTERNAL)
public final class Addresses {
    /** All of memory, so that an offset is an address. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    private Addresses() {}

    /** Reads a word that another thread or process may write; what it wrote before is visible afterwards. */
    public static long getAcquire(long address) {
        return (long) WORD.getAcquire(ALL, address);
    }

    /** Writes a word that another thread or process may read, after all that was written before. */
    public static void setRelease(long address, long value) {
        WORD.setRelease(ALL, address, value);
    }

    /** Writes zeros. */
    public static void clear(long address, long bytes) {
        ALL.asSlice(address, bytes).fill((byte) 0);
    }

    /** Copies bytes; the ranges do not overlap. */
    public static void copy(long source, long destination, long bytes) {
        MemorySegment.copy(ALL, source, ALL, destination, bytes);
    }
}
