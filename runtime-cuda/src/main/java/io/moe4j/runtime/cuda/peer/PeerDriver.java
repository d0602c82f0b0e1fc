package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Memory;

/** What {@link SharedMemory} asks of the driver. */
interface PeerDriver {

    /** Zero-filled memory of this rank. */
    Memory allocate(long bytes, String purpose);

    /** What other ranks need to open it. */
    PeerHandle offer(Memory memory);

    /** Another rank's memory, at an address valid here; closing it unmaps it. */
    Memory open(PeerHandle offer, String purpose);
}
