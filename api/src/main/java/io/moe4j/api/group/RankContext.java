package io.moe4j.api.group;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.memory.MemoryStack;

/**
 * All that a rank has, passed explicitly. A rank is one thread; none of this is shared with another rank but the device and the rendezvous.
 *
 * @param world all ranks
 * @param device where it computes
 * @param stream its main stream
 * @param memory its planned memory
 * @param rendezvous how it meets the other ranks
 */
@Stability(Stability.Level.EVOLVING)
public record RankContext(Group world, Device device, Stream stream, MemoryStack memory, Rendezvous rendezvous) {

    /** This rank's number in the world, from 0. */
    public int rank() {
        return world.rank();
    }
}
