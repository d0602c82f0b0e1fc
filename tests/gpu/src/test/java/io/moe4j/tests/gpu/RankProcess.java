package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.tensor.DType;
import io.moe4j.trainer.launch.Endpoint;
import io.moe4j.trainer.launch.RankEnvironment;
import io.moe4j.trainer.launch.TcpRendezvous;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.IntStream;

/** A rank in a process of its own; started by {@link ProcessesGpuTest}. Arguments: scenario, collectives, rank, number of ranks, port. */
final class RankProcess {
    private static final Duration LIMIT = Duration.ofSeconds(15);

    private RankProcess() {}

    public static void main(String... arguments) {
        String scenario = arguments[0];
        int rank = Integer.parseInt(arguments[2]);
        int ranks = Integer.parseInt(arguments[3]);
        RankEnvironment environment = new RankEnvironment("test", ranks, List.of(rank), 0,
                Optional.of(new Endpoint("127.0.0.1", Integer.parseInt(arguments[4]))));
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, LIMIT);
                Device device = Gpu.openDevice(LIMIT)) {
            Gpu gpu = Gpu.on(device, "rank " + rank);
            try (Memory stack = device.allocate(1 << 20, "temporaries")) {
                Group world = new Group("world", IntStream.range(0, ranks).boxed().toList(), rank);
                run(scenario, arguments[1], new Ranks.Rank(gpu,
                        new RankContext(world, device, gpu.stream, new MemoryStack(stack, freed -> {}), rendezvous)));
                System.out.println("rank " + rank + ": " + scenario + " done");
            } catch (RuntimeException | Error e) {
                rendezvous.fail(new RankFailure(rank, scenario, String.valueOf(e.getMessage())));
                throw e;
            } finally {
                gpu.release();
            }
        } catch (RuntimeException | Error e) {
            System.out.println("rank " + rank + ": " + scenario + " failed");
            e.printStackTrace(System.out);
            System.exit(1);
        }
        System.exit(0);
    }

    private static void run(String scenario, String collectivesId, Ranks.Rank rank) {
        CollectivesProvider provider = Gpu.provider(ServiceLoader.load(CollectivesProvider.class), collectivesId);
        switch (scenario) {
            case "collectives" -> {
                long begin = System.nanoTime();
                try (Collectives all = provider.open(rank.world(), rank.context())) {
                    System.out.printf("rank %d: opened in %.0f ms%n", rank.index(),
                            (System.nanoTime() - begin) / 1e6);
                    CollectivesCheck check = new CollectivesCheck(rank, all);
                    check.all();
                    check.large();
                    subgroups(provider, rank, check);
                    System.out.printf("rank %d: %.1f us of host time a call, %d bytes sent%n", rank.index(),
                            check.microsecondsPerCall(), all.bytesSent());
                }
            }
            case "captured" -> {
                try (Collectives all = provider.open(rank.world(), rank.context())) {
                    new CollectivesCheck(rank, all).captured();
                }
            }
            case "killed" -> killed(provider, rank);
            case "shared" -> shared(provider, rank);
            default -> throw new IllegalArgumentException(scenario);
        }
    }

    /** Pairs of ranks, while the world's collectives are open. */
    private static void subgroups(CollectivesProvider provider, Ranks.Rank rank, CollectivesCheck world) {
        int partner = rank.index() ^ 1;
        if (partner >= rank.world().size()) {
            return;
        }
        List<Integer> pair = List.of(Math.min(rank.index(), partner), Math.max(rank.index(), partner));
        try (Collectives two = provider.open(new Group("pair", pair, rank.index() & 1), rank.context())) {
            new CollectivesCheck(rank, two).all();
        }
        world.all();
    }

    /** The last rank dies in the middle; the others must be told, though they wait for their device. */
    private static void killed(CollectivesProvider provider, Ranks.Rank rank) {
        Collectives all = provider.open(rank.world(), rank.context());
        new CollectivesCheck(rank, all).all();
        int last = rank.world().size() - 1;
        if (rank.index() == last) {
            Runtime.getRuntime().halt(7);
        }
        long begin = System.nanoTime();
        try {
            all.allReduce(rank.gpu().stream, rank.gpu().tensor(DType.F32, 1000));
            rank.gpu().stream.synchronize();
            throw new AssertionError("an all-reduce without rank " + last + " ended");
        } catch (RankFailedException e) {
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf("rank %d was told after %.2f s: %s%n", rank.index(), seconds, e.getMessage());
            if (e.failure().rank() != last || seconds > LIMIT.toSeconds() / 2.0) {
                throw new AssertionError("the wrong rank, or too late", e);
            }
        }
        all.close();
    }

    /** Ranks of one host on one GPU, which NCCL does not take. */
    private static void shared(CollectivesProvider provider, Ranks.Rank rank) {
        try {
            provider.open(rank.world(), rank.context()).close();
            throw new AssertionError("ranks that share a GPU were taken");
        } catch (DeviceException e) {
            System.out.println("rank " + rank.index() + ": " + e.getMessage());
            if (!e.getMessage().contains("cuda_peer_memory")) {
                throw e;
            }
        }
    }
}
