package io.moe4j.api.device;

import io.moe4j.api.Stability;
import java.util.function.Consumer;

/**
 * A block of device memory. Made by {@link Device#allocate}, freed by {@link #close()}; closing twice is harmless.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.STABLE)
public interface Memory extends AutoCloseable {

    /**
     * Memory that a device allocates. Safe for use by many threads.
     *
     * @param free frees the memory; called once, by the first {@link #close()}, after {@link #isLive()} has become false
     */
    static Memory of(long address, long bytes, String purpose, Consumer<Memory> free) {
        return new MemoryBlock(address, bytes, purpose, free);
    }

    /** A view of memory that another object owns and frees: closing it only ends the view. */
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

    /** Frees it. The caller must make sure that no stream still uses it. */
    @Override
    void close();
}
