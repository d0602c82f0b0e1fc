package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.Memory;

/** What {@link SharedMemory} needs from the driver. */
interface PeerDriver {

    /** Allocates zero-filled memory of this rank. */
    Memory allocate(long bytes, String purpose);

    /** The handle with which other ranks open the memory. */
    PeerHandle offer(Memory memory);

    /** Opens another rank's memory, at an address that is valid here. Closing it unmaps it. */
    Memory open(PeerHandle offer, String purpose);
}
