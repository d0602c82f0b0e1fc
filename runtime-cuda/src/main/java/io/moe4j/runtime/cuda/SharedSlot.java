package io.moe4j.runtime.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Host memory that ranks of several devices of this process share: devices share no objects, but tell each other addresses. Each slot has its own
 * cache line. A slot is never given back, because a user of its address may outlive the device that opened it.
 */
final class SharedSlot {
    private static final long BYTES = 64;

    private SharedSlot() {}

    /** Allocates a slot filled with zeros. */
    static MemorySegment open() {
        return Arena.global().allocate(BYTES, BYTES);
    }

    /**
     * The slot with this name, the same in the whole JVM and for all class loaders. It is for things that a JVM has only once, such as the context of
     * a GPU. Sessions share no objects, so they find the address of the slot in the system properties.
     */
    static MemorySegment of(String name) {
        Object address = System.getProperties().computeIfAbsent("io.moe4j.runtime.cuda." + name,
                key -> Long.toString(open().address()));
        return at(Long.parseLong(address.toString()));
    }

    /** The slot at an address. */
    static MemorySegment at(long address) {
        return MemorySegment.ofAddress(address).reinterpret(BYTES);
    }
}
