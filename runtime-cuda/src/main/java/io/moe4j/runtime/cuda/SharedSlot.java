package io.moe4j.runtime.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Host memory that ranks of several devices of this process share: devices share no objects, but tell each other addresses. Each has a cache line of its own.
 * A slot is never given back, since who was told of it may outlive who opened it.
 */
final class SharedSlot {
    private static final long BYTES = 64;

    private SharedSlot() {}

    /** A new one, zero. */
    static MemorySegment open() {
        return Arena.global().allocate(BYTES, BYTES);
    }

    /**
     * The one of {@code name}, the same for all of this JVM, whatever class loader they come from: for what a JVM has once, such as the context of a GPU, though
     * sessions share no objects. They find its address among the system properties.
     */
    static MemorySegment of(String name) {
        Object address = System.getProperties().computeIfAbsent("io.moe4j.runtime.cuda." + name,
                key -> Long.toString(open().address()));
        return at(Long.parseLong(address.toString()));
    }

    /** The one at an address. */
    static MemorySegment at(long address) {
        return MemorySegment.ofAddress(address).reinterpret(BYTES);
    }
}
