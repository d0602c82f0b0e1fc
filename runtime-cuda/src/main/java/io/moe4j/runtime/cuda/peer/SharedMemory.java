package io.moe4j.runtime.cuda.peer;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Group;
import io.moe4j.runtime.cuda.PendingFrees;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank's memory, which the other ranks of its group have opened, and their memory, which this rank has opened.
 *
 * <p>CUDA does not define what happens when memory is freed while another process has it mapped. So it is closed in three steps: a rank unmaps the
 * memory of the others, announces this, and frees its own memory when all ranks have announced it. Closing this object does not wait for that;
 * closing the device does. After a failure the other ranks cannot be waited for, and the memory is freed at once.
 */
final class SharedMemory implements AutoCloseable {
    private final Party party;
    private final String key;
    private final PendingFrees frees;
    private final Memory local;
    private final List<Memory> peers = new ArrayList<>();
    private boolean severalProcesses;
    private boolean closed;

    private SharedMemory(Party party, String key, PendingFrees frees, Memory local) {
        this.party = party;
        this.key = key;
        this.frees = frees;
        this.local = local;
    }

    /**
     * Opens the memory. Every rank of the group must call this with the same key, which must not be used again. If opening fails half-way, everything
     * opened so far is closed.
     */
    static SharedMemory open(PeerDriver driver, Party party, String key, PendingFrees frees, long bytes,
            String purpose) {
        SharedMemory memory = new SharedMemory(party, key, frees, driver.allocate(bytes, purpose));
        try {
            memory.openPeers(driver);
            return memory;
        } catch (RuntimeException | Error e) {
            try {
                memory.close();
            } catch (RuntimeException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    private void openPeers(PeerDriver driver) {
        List<PeerHandle> offers = party.exchange(key, driver.offer(local).encode()).stream()
                .map(offer -> PeerHandle.decode(ByteBuffer.wrap(offer))).toList();
        severalProcesses = !offers.stream().allMatch(PeerHandle::isOfThisProcess);
        Group group = party.group();
        for (int i = 0; i < group.size(); i++) {
            PeerHandle offer = offers.get(i);
            if (offer.bytes() != local.bytes()) {
                throw new DeviceException("symmetric memory \"" + local.purpose() + "\" is " + local.bytes()
                        + " bytes on rank " + group.rank() + " and " + offer.bytes() + " on rank "
                        + group.ranks().get(i) + "; all ranks must ask for the same");
            }
            peers.add(i == group.index() ? local : driver.open(offer, local.purpose()));
        }
    }

    /** This rank's own memory. */
    Memory local() {
        return local;
    }

    /** The memory of rank {@code index} of the group. */
    Memory peer(int index) {
        return peers.get(index);
    }

    /** The memory of all ranks, in group order. */
    List<Memory> peers() {
        return peers;
    }

    /** Ends this rank's use of the memory, and frees its own part when all ranks have ended theirs. Every rank must close it. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            unmap();
        } finally {
            if (severalProcesses) {
                frees.add(local, () -> party.part(key + " is unmapped"));
            } else {
                local.close();
            }
        }
    }

    /** Unmaps the memory of all other ranks, even if some cannot be unmapped. */
    @SuppressWarnings("ReferenceEquality") // the own memory is the same object
    private void unmap() {
        RuntimeException failure = null;
        for (Memory peer : peers) {
            try {
                if (peer != local) {
                    peer.close();
                }
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
