package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.util.function.Consumer;

/** A block of device memory. Made by {@link Device#allocate}, freed by {@link #close()}; closing twice is harmless. */
@Stability(Stability.Level.STABLE)
public interface Memory extends AutoCloseable {

    /**
     * What a device hands out. Safe for use by many threads.
     *
     * @param free gives the addresses back; called once, by the first {@link #close()}, when the memory is no longer live
     */
    static Memory of(long address, long bytes, String purpose, Consumer<Memory> free) {
        return new MemoryBlock(address, bytes, purpose, free);
    }

    /** A view of memory that somebody else frees: closing it only ends the view. */
    static Memory borrowed(long address, long bytes, String purpose) {
        return of(address, bytes, purpose, memory -> {});
    }

    /** First address, in the device's address space; aligned to 256 bytes. */
    long address();

    /** Size in bytes; may exceed 2³¹. */
    long bytes();

    /** What it is for, as the memory report shows it. */
    String purpose();

    /** Whether it has not been freed. */
    boolean isLive();

    /** Frees it. The caller sees to it that no stream uses it any more. */
    @Override
    void close();
}
