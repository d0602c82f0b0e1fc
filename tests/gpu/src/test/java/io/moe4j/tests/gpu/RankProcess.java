package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailure;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.launch.Endpoint;
import io.moe4j.launch.JobSecret;
import io.moe4j.launch.RankEnvironment;
import io.moe4j.launch.TcpRendezvous;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.IntStream;

/**
 * A rank in a separate process; {@link ProcessesGpuTest} starts it. Arguments: scenario, collectives, rank, number of ranks, port, time limit in
 * seconds, number of the device.
 */
final class RankProcess {
    private static final Map<String, Scenario> SCENARIOS = Map.ofEntries(
            Map.entry("collectives", CollectivesScenarios::all), Map.entry("captured", CollectivesScenarios::captured),
            Map.entry("shared", CollectivesScenarios::shared), Map.entry("exchange", PeerScenarios::exchange),
            Map.entry("closing", PeerScenarios::closing), Map.entry("too_much", PeerScenarios::tooMuch),
            Map.entry("bad_handle", PeerScenarios::badHandle), Map.entry("absent", PeerScenarios::absent),
            Map.entry("killed", FailureScenarios::killed),
            Map.entry("killed_in_replay", FailureScenarios::killedInReplay),
            Map.entry("hung_in_replay", FailureScenarios::hungInReplay));

    private RankProcess() {}

    /** The work of a rank. */
    interface Scenario {
        void run(CollectivesProvider provider, Ranks.Rank rank);
    }

    public static void main(String... arguments) {
        String scenario = arguments[0];
        int rank = Integer.parseInt(arguments[2]);
        int ranks = Integer.parseInt(arguments[3]);
        Duration limit = Duration.ofSeconds(Integer.parseInt(arguments[5]));
        RankEnvironment environment = RankEnvironment.process("test", ranks, List.of(rank), 0,
                new Endpoint("127.0.0.1", Integer.parseInt(arguments[4])));
        long begin = System.nanoTime();
        try (TcpRendezvous rendezvous = TcpRendezvous.open(environment, JobSecret.none(), limit);
                Device device = Gpu.openDevice(limit, Integer.parseInt(arguments[6]))) {
            Gpu gpu = Gpu.on(device, "rank " + rank);
            try (Memory stack = device.allocate(64 << 20, "temporaries")) {
                Group world = new Group("world", IntStream.range(0, ranks).boxed().toList(), rank);
                rendezvous.exchange(world, "started", new byte[0]);
                long started = System.nanoTime();
                SCENARIOS.get(scenario).run(provider(arguments[1]), new Ranks.Rank(gpu,
                        new RankContext(world, device, gpu.stream, new MemoryStack(stack, freed -> {}), rendezvous)));
                System.out.printf("rank %d: %s done in %.1f s, after %.1f s to start%n", rank, scenario,
                        (System.nanoTime() - started) / 1e9, (started - begin) / 1e9);
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

    private static CollectivesProvider provider(String id) {
        return Gpu.provider(ServiceLoader.load(CollectivesProvider.class), id);
    }
}
