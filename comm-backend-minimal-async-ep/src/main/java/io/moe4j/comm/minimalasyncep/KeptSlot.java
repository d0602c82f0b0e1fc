package io.moe4j.comm.minimalasyncep;

import io.moe4j.api.comm.CommConfig;
import io.moe4j.api.comm.support.KeptPlace;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.spi.Resources;
import io.moe4j.api.tensor.Tensor;

/**
 * Memory on every rank for the received rows of one dispatch, which are kept until backward. Peers write into it as they write into a receive buffer, so
 * keeping rows costs no copy. The experts write their outputs to the receive buffer.
 */
final class KeptSlot implements Landing {
    /** Dispatches are numbered from 1. */
    private static final long NO_DISPATCH = 0;
    private static final String PURPOSE = "kept expert rows";

    private final SymmetricMemory memory;
    private final KeptPlace place;
    private long holder = NO_DISPATCH;

    /** Allocates the memory; every rank must call this. */
    KeptSlot(PeerGroup peers, Resources resources, CommConfig config, long capacity) {
        memory = resources.add(peers.allocate(KeptPlace.bytes(config, capacity), PURPOSE));
        place = KeptPlace.in(memory.local(), config, capacity);
    }

    void take(long dispatch) {
        holder = dispatch;
    }

    /** Ends the lease of a dispatch; returns false if it has ended before. */
    boolean release(long dispatch) {
        if (holder != dispatch) {
            return false;
        }
        holder = NO_DISPATCH;
        return true;
    }

    @Override
    public void check(long dispatch) {
        if (dispatch != holder) {
            throw new IllegalStateException("the kept rows of dispatch " + dispatch + " were used after they had been"
                    + " released"
                    + (holder == NO_DISPATCH ? "" : ", when dispatch " + holder + " had taken their memory")
                    + "; release rows after their last use");
        }
    }

    @Override
    public Tensor rows_RD() {
        return place.rows_RD();
    }

    @Override
    public Tensor weights_R() {
        return place.weights_R();
    }

    @Override
    public KernelArg peerRows() {
        return KernelArg.peers(memory);
    }

    @Override
    public KernelArg peerRowScales() {
        return new KernelArg.Peers(memory, place.scalesAt());
    }

    @Override
    public KernelArg peerWeights() {
        return new KernelArg.Peers(memory, place.weightsAt());
    }
}
