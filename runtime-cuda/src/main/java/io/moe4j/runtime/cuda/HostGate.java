package io.moe4j.runtime.cuda;

import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the threads of ranks that share a device meet on the host, just before and just after they launch kernels that wait for each other.
 *
 * <p>The driver loads kernels when they are first used, and libraries bring theirs at any time; loading waits for the whole context. A rank that loaded
 * while a barrier kernel of another rank spins for it would wait for ever. Between the two meetings nothing is launched but the barrier, which is loaded, so
 * that a spinning kernel always finds its peers launched. Nobody waits for the device here. Costs about a microsecond when ranks run alike.
 */
public final class HostGate {
    private static final int SPINS = 2000;
    private static final long PAUSE_NANOS = 20_000;

    private final List<Integer> ranks;
    private final Duration timeout;
    private final AtomicLongArray passes;

    HostGate(List<Integer> ranks, Duration timeout) {
        this.ranks = List.copyOf(ranks);
        this.timeout = timeout;
        this.passes = new AtomicLongArray(ranks.size());
    }

    /** Rank {@code rank}'s way through it. */
    public Member member(int rank, Rendezvous rendezvous) {
        return new Member(this, ranks.indexOf(rank), rendezvous);
    }

    private void pass(int position, Rendezvous rendezvous, String phase) {
        if (ranks.size() == 1) {
            return;
        }
        long mine = passes.incrementAndGet(position);
        long start = 0;
        for (int p = 0, spin = 0; p < ranks.size(); spin++) {
            if (passes.get(p) >= mine) {
                p++;
            } else if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                rendezvous.check();
                start = start == 0 ? System.nanoTime() : start;
                if (System.nanoTime() - start > timeout.toNanos()) {
                    throw missing(position, p, mine, rendezvous, phase);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private RankFailedException missing(int position, int absent, long expected, Rendezvous rendezvous, String phase) {
        RankFailure failure = new RankFailure(ranks.get(absent), phase, "rank " + ranks.get(position)
                + " waited past the time limit of " + timeout.toMillis() + " ms for arrival " + expected + ", saw "
                + passes.get(absent) + "; the rank is stuck or gone, see its log, or raise the device's time limit");
        rendezvous.fail(failure);
        return new RankFailedException(rendezvous.failure().orElse(failure));
    }

    /**
     * One rank's way through a gate.
     *
     * @param position of the rank in the gate
     */
    public record Member(HostGate gate, int position, Rendezvous rendezvous) implements ReplayPart {

        /** Returns when all ranks of the gate have called it as often as this one; {@code phase} is named if one does not come in time. */
        public void pass(String phase) {
            gate.pass(position, rendezvous, phase);
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
}
