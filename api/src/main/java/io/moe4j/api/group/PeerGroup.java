package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Stream;

/**
 * Ranks that read and write each other's memory. Calls are collective: every rank makes the same calls in the same order.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface PeerGroup extends AutoCloseable {

    /** The ranks. */
    Group group();

    /** Allocates {@code bytes} on each rank (the same number everywhere; a difference is an error that names the ranks), zero-filled. */
    SymmetricMemory allocate(long bytes, String purpose);

    /**
     * Whether the memory of another rank is on another device than this rank's own, so that writes to it cross a link between devices. False if the device
     * does not know. If it is true for any pair of ranks in a group, then each rank of the group has some other rank for which it is true. Since
     * version 1.4 of the devices' SPI.
     *
     * @param index the other rank's position in the group
     * @since 0.3.0
     */
    default boolean isOnAnotherDevice(int index) {
        return false;
    }

    /**
     * Enqueues a barrier: work after it, on any rank, sees every write that any rank made before it to the memory of any rank (release and acquire at
     * system scope). The host does not wait. It may be captured, and replayed any number of times. A rank that waits longer than the device's time
     * limit fails the group, naming {@code phase}, the missing ranks and the expected value. A group counts its barriers, whatever streams they are enqueued
     * on: use one stream for all of them, or order the streams by events, in the same way on all ranks.
     */
    void barrier(Stream stream, String phase);

    @Override
    void close();
}
