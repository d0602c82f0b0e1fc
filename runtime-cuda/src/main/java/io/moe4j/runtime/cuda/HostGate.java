package io.moe4j.runtime.cuda;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the ranks of one process meet on the host, just before and just after they launch kernels that wait for each other.
 *
 * <p>The driver loads kernels when they are first used, and libraries load theirs at any time. Loading waits for the whole context; allocating or freeing
 * memory that other GPUs can reach waits for their contexts too. A rank that did this while another rank's barrier kernel spins for it would wait
 * for ever. Between the two meetings, ranks launch only the barrier, which is already loaded, so the barrier kernels of all peers of a spinning kernel
 * get launched. No rank waits for a device here. A pass costs about a microsecond when ranks arrive together.
 *
 * <p>Each rank counts its arrivals in a slot of host memory, which the other ranks of the process read by its address. Their devices may be closed in
 * any order, and may read the slot once more after that, so a slot is never given back.
 */
public final class HostGate implements ReplayPart {
    private static final VarHandle ARRIVALS = ValueLayout.JAVA_LONG.varHandle();
    private static final int SPINS = 2000;
    private static final long PAUSE_NANOS = 20_000;

    private final List<Integer> ranks;
    private final List<MemorySegment> slots = new ArrayList<>();
    private final int position;
    private final Rendezvous rendezvous;
    private final Duration timeout;

    /** Allocates a slot with value zero; returns its address. */
    public static long openSlot() {
        return SharedSlot.open().address();
    }

    /**
     * The gate as rank {@code rank} passes it.
     *
     * @param ranks the ranks that meet: those of a group that are in this process
     * @param slotAddresses the slot of each of these ranks
     * @param timeout how long a rank waits for the others
     */
    public HostGate(List<Integer> ranks, List<Long> slotAddresses, int rank, Rendezvous rendezvous, Duration timeout) {
        this.ranks = List.copyOf(ranks);
        this.position = ranks.indexOf(rank);
        this.rendezvous = rendezvous;
        this.timeout = timeout;
        slotAddresses.forEach(address -> slots.add(SharedSlot.at(address)));
    }

    /** Returns when all ranks of the gate have called this as often as this rank. If one does not come in time, the error names {@code phase}. */
    public void pass(String phase) {
        if (ranks.size() == 1) {
            return;
        }
        long mine = arrivals(position) + 1;
        ARRIVALS.setVolatile(slots.get(position), 0L, mine);
        long start = 0;
        for (int p = 0, spin = 0; p < ranks.size(); spin++) {
            if (arrivals(p) >= mine) {
                p++;
            } else if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                rendezvous.check();
                start = start == 0 ? System.nanoTime() : start;
                if (System.nanoTime() - start > timeout.toNanos()) {
                    throw missing(p, mine, phase);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private long arrivals(int of) {
        return (long) ARRIVALS.getVolatile(slots.get(of), 0L);
    }

    private RankFailedException missing(int absent, long expected, String phase) {
        RankFailure failure = new RankFailure(ranks.get(absent), phase, "rank " + ranks.get(position)
                + " waited past the time limit of " + timeout.toMillis() + " ms for arrival " + expected + ", saw "
                + arrivals(absent) + "; the rank is stuck or gone, see its log, or raise the device's time limit");
        rendezvous.fail(failure);
        return new RankFailedException(rendezvous.failure().orElse(failure));
    }

    @Override
    public void beforeLaunch() {
        pass("the replay of a graph");
    }

    @Override
    public void afterLaunch(CudaStream stream) {
        pass("the replay of a graph, after its launch");
    }
}
