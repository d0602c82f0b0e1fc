package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.group.Rendezvous;
import io.moe4j.api.memory.MemoryStack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** A rank that is a process of its own: {@link IpcGpuTest} starts several. */
public final class PeerProcess {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private PeerProcess() {}

    /** Arguments: rank, number of ranks, folder to meet in. */
    public static void main(String... arguments) throws Exception {
        int rank = Integer.parseInt(arguments[0]);
        List<Integer> all = IntStream.range(0, Integer.parseInt(arguments[1])).boxed().toList();
        Rendezvous rendezvous = new FolderRendezvous(Path.of(arguments[2]), LIMIT);
        Group world = new Group("world", all, rank);
        try (Device device = Gpu.openDevice(LIMIT)) {
            Gpu gpu = Gpu.on(device, "rank " + rank);
            Memory memory = device.allocate(64 << 20, "temporaries");
            Ranks.Rank me = new Ranks.Rank(gpu, new RankContext(world, device, gpu.stream,
                    new MemoryStack(memory, freed -> {}), rendezvous));
            PeerGpuTest.checkBarriers(me);
            PeerGpuTest.checkCollectives(me);
            time(me);
            ExchangeGpuTest.check(me);
            gpu.release();
            memory.close();
        } catch (Exception | Error e) {
            rendezvous.fail(new RankFailure(rank, "test", String.valueOf(e.getMessage())));
            throw e;
        }
    }

    private static void time(Ranks.Rank me) {
        try (PeerGroup peers = me.context().device().openPeerGroup(me.world(), me.context().rendezvous())) {
            me.gpu().stream.synchronize();
            long start = System.nanoTime();
            int count = 200;
            for (int i = 0; i < count; i++) {
                peers.barrier(me.gpu().stream, "timed");
            }
            me.gpu().stream.synchronize();
            System.out.printf("rank %d: %.1f us a barrier between processes%n", me.index(),
                    (System.nanoTime() - start) / 1e3 / count);
        }
    }
}
