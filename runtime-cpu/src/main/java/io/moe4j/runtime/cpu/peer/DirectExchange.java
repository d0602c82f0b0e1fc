package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.engine.Addresses;

/** Ranks publish addresses, and read each other's tensors where they are: one part, no copies. For threads of one process. */
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
        // Before the pull: all addresses and what they point to are there.
        peers.meet(phase);
        pull.take(0, Long.MAX_VALUE, this::address);
        // After it: nobody overwrites what another still reads, nor publishes anew.
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
