package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.engine.Addresses;

/** For threads of one process: ranks publish addresses, and read each other's tensors in place. There is one part and no copy. */
final class DirectExchange implements Exchange {
    private final CpuPeerGroup peers;
    private final SymmetricMemory board;

    DirectExchange(CpuPeerGroup peers, SymmetricMemory board) {
        this.peers = peers;
        this.board = board;
    }

    @Override
    public void run(String phase, Offer offer, Pull pull) {
        for (int i = 0; i < offer.segments(); i++) {
            Addresses.setRelease(board.local().address() + (long) i * Long.BYTES, offer.addresses()[i]);
        }
        // Before the pull: all addresses are published, and the data they point to is written.
        peers.meet(phase);
        pull.take(0, Long.MAX_VALUE, this::address);
        // After the pull: no rank overwrites data that another rank still reads, or publishes again.
        peers.meet(phase + " (end)");
    }

    private long address(int peer, int segment) {
        return Addresses.getAcquire(board.peer(peer).address() + (long) segment * Long.BYTES);
    }

    @Override
    public boolean isInPlace() {
        return true;
    }
}
