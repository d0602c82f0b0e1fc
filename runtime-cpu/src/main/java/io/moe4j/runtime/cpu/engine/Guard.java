package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.device.MemoryOverrunException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Guard bytes before and after each block of a strict device. They repeat 0x7FC1, which is NaN in both floating-point types and out of range as an id
 * or a count, and which no other code writes. So a write outside a block is found when the block is freed, and damages no other block.
 */
final class Guard {
    /** Guard bytes before a block. */
    static final long BEFORE = 4096;
    /** Guard bytes after a block: more than most rows have. */
    static final long AFTER = 64 << 10;

    private static final short MARK = 0x7FC1;

    private final MemorySegment marks = Arena.ofAuto().allocate(AFTER, 8);

    Guard() {
        for (long i = 0; i < AFTER / Short.BYTES; i++) {
            marks.setAtIndex(ValueLayout.JAVA_SHORT, i, MARK);
        }
    }

    /** Writes the guard bytes around a block. */
    void put(long address, long bytes) {
        MemorySegment.copy(marks, 0, Addresses.ALL, address - BEFORE, BEFORE);
        MemorySegment.copy(marks, 0, Addresses.ALL, address + bytes, AFTER);
    }

    /** Throws if something was written outside a block. */
    void check(long address, long bytes, String purpose) {
        long after = MemorySegment.mismatch(Addresses.ALL, address + bytes, address + bytes + AFTER, marks, 0, AFTER);
        if (after >= 0) {
            throw new MemoryOverrunException("\"" + purpose + "\" of " + bytes
                    + " bytes was written past its end: byte "
                    + (bytes + after) + " has changed; look for a kernel that writes one row or one element too many");
        }
        long before = MemorySegment.mismatch(Addresses.ALL, address - BEFORE, address, marks, 0, BEFORE);
        if (before >= 0) {
            throw new MemoryOverrunException("\"" + purpose + "\" of " + bytes + " bytes was written before its start:"
                    + " byte " + (before - BEFORE) + " has changed; look for a kernel with a negative row or index");
        }
    }
}
