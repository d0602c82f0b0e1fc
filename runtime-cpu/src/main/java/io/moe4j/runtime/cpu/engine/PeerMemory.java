package io.moe4j.runtime.cpu.engine;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.group.SymmetricMemory;

/** Symmetric memory of a CPU device. */
@Stability(Stability.Level.INTERNAL)
public interface PeerMemory extends SymmetricMemory {

    /** Number of ranks in the group. */
    int size();

    /** Casts {@code memory} to that of a CPU device; throws if it is of another device. */
    static PeerMemory of(SymmetricMemory memory) {
        if (memory instanceof PeerMemory own) {
            return own;
        }
        throw new DeviceException("symmetric memory \"" + memory.local().purpose()
                + "\" is not of a CPU device; allocate it from a peer group of this stream's device");
    }
}
