package io.moe4j.app.bench;

import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;

/** Measures the rate of the links between devices: each rank copies to the next rank's device while all others do the same. */
final class LinkRate {
    private static final long BYTES = 256L << 20;

    private LinkRate() {}

    /** Bytes per second that leave this rank's device, in the best of {@code runs}; 0 if there is only one rank. */
    static double measure(RankContext rank, int runs) {
        int ranks = rank.world().size();
        if (ranks == 1) {
            return 0;
        }
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous());
                SymmetricMemory memory = peers.allocate(BYTES, "benchmark");
                Memory own = rank.device().allocate(BYTES, "benchmark")) {
            Tensor from = Tensor.of(own, 0, DType.I32, BYTES / Integer.BYTES);
            Tensor to = Tensor.of(memory.peer((rank.world().index() + 1) % ranks), 0, DType.I32,
                    BYTES / Integer.BYTES);
            rank.stream().fill(from, 1);
            double best = Double.POSITIVE_INFINITY;
            for (int run = 0; run < runs; run++) {
                peers.barrier(rank.stream(), "link rate");
                Event start = rank.stream().record();
                rank.stream().copy(from, to);
                best = Math.min(best, rank.stream().record().secondsSince(start));
            }
            rank.rendezvous().exchange(rank.world(), "link rate measured", new byte[0]);
            return BYTES / best;
        }
    }
}
