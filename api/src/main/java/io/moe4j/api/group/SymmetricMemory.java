package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;

/**
 * Memory of the same size on every rank of a group, each readable and writable by all of them.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public interface SymmetricMemory extends AutoCloseable {

    /** This rank's own part. */
    Memory local();

    /** The memory of the group's rank {@code index}, at an address valid on this rank's device. */
    Memory peer(int index);

    /** Ends this rank's use of it. Every rank closes it, without waiting for the others: a part may stay allocated until all ranks have closed. */
    @Override
    void close();
}
