package io.moe4j.app.bench;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;

/** A group whose barriers can be switched off on one rank while all other ranks are idle, so that this rank's work is timed without waiting for the others. */
final class QuietPeers implements PeerGroup {
    private final PeerGroup peers;
    private boolean quiet;

    QuietPeers(PeerGroup peers) {
        this.peers = peers;
    }

    /** From now on, barriers of this rank do nothing. */
    void leaveBarriersOut() {
        quiet = true;
    }

    @Override
    public Group group() {
        return peers.group();
    }

    @Override
    public SymmetricMemory allocate(long bytes, String purpose) {
        return peers.allocate(bytes, purpose);
    }

    @Override
    public boolean isOnAnotherDevice(int index) {
        return peers.isOnAnotherDevice(index);
    }

    @Override
    public void barrier(Stream stream, String phase) {
        if (!quiet) {
            peers.barrier(stream, phase);
        }
    }

    @Override
    public void close() {
        peers.close();
    }
}
