package io.moe4j.runtime.cpu.peer;

import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.runtime.cpu.engine.Addresses;

/** For ranks in several processes: part by part, each rank copies a part of each segment into memory that all have mapped, then reads the others'. */
final class StagedExchange implements Exchange {
    /** Parts begin and end at multiples of this many bytes, so that no element is cut. */
    private static final long MULTIPLE = 64;

    private final CpuPeerGroup peers;
    private final SymmetricMemory board;
    private final SymmetricMemory stage;

    StagedExchange(CpuPeerGroup peers, SymmetricMemory board, SymmetricMemory stage) {
        this.peers = peers;
        this.board = board;
        this.stage = stage;
    }

    /** Largest bytes per segment of a part with {@code segments} segments. */
    static long part(long stageBytes, int segments) {
        return stageBytes / segments / MULTIPLE * MULTIPLE;
    }

    @Override
    public void run(String phase, Offer offer, Pull pull) {
        long part = part(stage.local().bytes(), offer.segments());
        long longest = longest(phase, offer);
        for (long from = 0; from < longest; from += part) {
            for (int i = 0; i < offer.segments(); i++) {
                long size = Math.clamp(offer.bytes()[i] - from, 0, part);
                Addresses.copy(offer.addresses()[i] + from, stage.local().address() + i * part, size);
            }
            // Before the pull: all copies are complete. After it: no rank overwrites data that another rank still reads.
            peers.meet(phase);
            pull.take(from, from + part, (peer, segment) -> stage.peer(peer).address() + segment * part);
            peers.meet(phase + " (end)");
        }
    }

    /** Length of the longest segment of any rank. Lengths may differ between ranks, but all ranks must run the same number of rounds. */
    private long longest(String phase, Offer offer) {
        Addresses.setRelease(board.local().address(), offer.longest());
        peers.meet(phase);
        long longest = 0;
        for (int i = 0; i < peers.group().size(); i++) {
            longest = Math.max(longest, Addresses.getAcquire(board.peer(i).address()));
        }
        peers.meet(phase + " (sizes)");
        return longest;
    }

    @Override
    public boolean isInPlace() {
        return false;
    }
}
