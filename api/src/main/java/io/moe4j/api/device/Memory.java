package io.moe4j.api.device;

import io.moe4j.api.Stability;

/** A block of device memory. Made by {@link Device#allocate}, freed by {@link #close()}; closing twice is harmless. */
@Stability(Stability.Level.STABLE)
public interface Memory extends AutoCloseable {

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
