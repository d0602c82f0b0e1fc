package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Scenarios of peer memory between processes: its use, opening and closing, and that nothing is left over when it cannot be opened. */
final class PeerScenarios {
    private static final long BYTES = 8L << 20;
    /** The rank that fails to open the memory. */
    private static final int TROUBLED = 1;

    private PeerScenarios() {}

    static void exchange(CollectivesProvider provider, Ranks.Rank rank) {
        PeerGpuTest.checkBarriers(rank, 20);
        ExchangeGpuTest.check(rank);
        try (PeerGroup peers = open(rank, rank.context().rendezvous())) {
            int count = 100;
            peers.barrier(rank.gpu().stream, "first");
            rank.gpu().stream.synchronize();
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                peers.barrier(rank.gpu().stream, "timed");
            }
            rank.gpu().stream.synchronize();
            System.out.printf("rank %d: %.1f us a barrier between processes%n", rank.index(),
                    (System.nanoTime() - start) / 1e3 / count);
        }
    }

    /** A rank that has not closed the memory can read all of it, even after others have closed it. When the last rank has closed it, it is freed. */
    static void closing(CollectivesProvider provider, Ranks.Rank rank) {
        Device device = rank.context().device();
        Map<String, Long> before = device.allocatedBytes();
        try (PeerGroup peers = open(rank, rank.context().rendezvous())) {
            SymmetricMemory memory = peers.allocate(BYTES, "rows");
            rank.gpu().stream.fill(Tensor.of(memory.local(), 0, DType.I32, 16), 100 + rank.index());
            peers.barrier(rank.gpu().stream, "written");
            rank.gpu().stream.synchronize();
            int last = rank.world().size() - 1;
            if (rank.index() != last) {
                memory.close();
                require(device.allocatedBytes().get("rows") == BYTES, "held until all have closed");
            }
            rank.context().rendezvous().exchange(rank.world(), "all but one have closed", new byte[0]);
            if (rank.index() == last) {
                for (int p = 0; p <= last; p++) {
                    double read = rank.gpu().read(Tensor.of(memory.peer(p), 0, DType.I32, 16))[0];
                    require(read == 100 + p, "memory of rank " + p + " holds " + read);
                }
                memory.close();
            }
        }
        awaitFree(device, before);
    }

    /** One rank runs out of memory. */
    static void tooMuch(CollectivesProvider provider, Ranks.Rank rank) {
        cannotOpen(rank, rank.context().rendezvous(), rank.index() == TROUBLED ? 1L << 50 : BYTES, "out of memory");
    }

    /** One rank cannot open the handle that it was given. */
    static void badHandle(CollectivesProvider provider, Ranks.Rank rank) {
        Rendezvous meeting = rank.context().rendezvous();
        cannotOpen(rank, rank.index() == TROUBLED ? new SpoilingRendezvous(meeting) : meeting, BYTES, "cannot open");
    }

    /** One rank does not take part. */
    static void absent(CollectivesProvider provider, Ranks.Rank rank) {
        if (rank.index() != TROUBLED) {
            cannotOpen(rank, rank.context().rendezvous(), BYTES, "did not come");
            return;
        }
        long end = System.nanoTime() + Duration.ofSeconds(25).toNanos();
        while (rank.context().rendezvous().failure().isEmpty() && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void cannotOpen(Ranks.Rank rank, Rendezvous rendezvous, long bytes, String why) {
        Device device = rank.context().device();
        Map<String, Long> before = device.allocatedBytes();
        try (PeerGroup peers = open(rank, rendezvous)) {
            peers.allocate(bytes, "rows");
            throw new AssertionError("it was opened");
        } catch (RuntimeException e) {
            System.out.println("rank " + rank.index() + ": " + e.getMessage());
        }
        RankFailure first = rank.context().rendezvous().failure().orElseThrow();
        require(first.rank() == TROUBLED && first.message().contains(why), "the first failure is " + first);
        awaitFree(device, before);
    }

    private static PeerGroup open(Ranks.Rank rank, Rendezvous rendezvous) {
        return rank.context().device().openPeerGroup(rank.world(), rendezvous);
    }

    private static void awaitFree(Device device, Map<String, Long> before) {
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (!device.allocatedBytes().equals(before) && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        require(device.allocatedBytes().equals(before), "allocated are " + device.allocatedBytes() + ", and were "
                + before);
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }
}
