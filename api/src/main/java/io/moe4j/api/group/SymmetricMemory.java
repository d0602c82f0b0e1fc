package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Memory;

/** Memory of the same size on every rank of a group, each readable and writable by all of them. */
@Stability(Stability.Level.EVOLVING)
public interface SymmetricMemory extends AutoCloseable {

    /** This rank's own. */
    Memory local();

    /** The memory of the group's rank {@code index}, at an address valid on this rank's device. */
    Memory peer(int index);

    /** Frees this rank's part. Every rank closes; none may use a peer's part afterwards. */
    @Override
    void close();
}
