package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The contract of peer memory and its barriers. Ranks are threads over the device.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class PeerGroupContract {
    private static final int ROUNDS = 50;
    private static final int ELEMENTS = 5000;

    private Device device;

    /** For subclasses. */
    protected PeerGroupContract() {}

    /** The device. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Its graph capture, if it has one. */
    protected Optional<GraphCaptureProvider> captureProvider() {
        return Optional.empty();
    }

    /** The numbers of ranks to try. */
    protected List<Integer> groupSizes() {
        return List.of(1, 2, 3, 4);
    }

    /** Opens the device. */
    @BeforeEach
    public void open() {
        device = deviceProvider().open(deviceConfig());
    }

    /** Closes it. */
    @AfterEach
    public void close() {
        device.close();
    }

    /** Work of a rank while its peer memory is open. */
    private interface Work {
        void on(RankContext rank, PeerGroup peers) throws Exception;
    }

    private void onAllRanks(int ranks, Work work) {
        try (RankTeam team = RankTeam.open(device, ranks, 1 << 16)) {
            team.run(rank -> withPeers(rank, work));
        }
    }

    private static boolean withPeers(RankContext rank, Work work) throws Exception {
        try (PeerGroup peers = rank.device().openPeerGroup(rank.world(), rank.rendezvous())) {
            work.on(rank, peers);
            rank.stream().synchronize();
        }
        return true;
    }

    private Stream<DynamicTest> forEachSize(Work work) {
        return groupSizes().stream().map(ranks -> dynamicTest("x" + ranks, () -> onAllRanks(ranks, work)));
    }

    /** Fresh memory is zero on every rank, its own part is the one of its index, and closing gives it back. */
    @TestFactory
    public Stream<DynamicTest> freshMemoryIsZero() {
        return forEachSize((rank, peers) -> {
            try (SymmetricMemory memory = peers.allocate(4L * ELEMENTS, "contract peers")) {
                assertEquals(memory.local().address(), memory.peer(rank.rank()).address(), "own part");
                for (int peer = 0; peer < rank.world().size(); peer++) {
                    double[] values = HostValues.read(rank.stream(),
                            Tensor.of(memory.peer(peer), 0, DType.F32, ELEMENTS));
                    assertTrue(Arrays.stream(values).allMatch(value -> value == 0), "fresh memory of rank " + peer);
                }
                rank.rendezvous().exchange(rank.world(), "read", new byte[0]);
            }
            rank.rendezvous().exchange(rank.world(), "freed", new byte[0]);
            assertEquals(0, device.allocatedBytes().getOrDefault("contract peers", 0L), "bytes held after closing");
        });
    }

    /** Data that is written before a barrier is seen after it, in each of many rounds, also by ranks that fall behind. */
    @TestFactory
    public Stream<DynamicTest> barriersOrderWrites() {
        return forEachSize((rank, peers) -> {
            int size = rank.world().size();
            Random delays = new Random(rank.rank());
            try (HostValues values = new HostValues(rank.device(), rank.stream());
                    SymmetricMemory memory = peers.allocate(4L * ELEMENTS * size, "contract peers")) {
                Tensor seen = values.tensor(DType.F32, ROUNDS, size, ELEMENTS);
                Tensor source = values.tensor(DType.F32, ELEMENTS);
                for (int round = 0; round < ROUNDS; round++) {
                    if (delays.nextInt(6) == 0) {
                        Thread.sleep(delays.nextInt(3));
                    }
                    exchange(rank, peers, memory, source, seen.select(round), round);
                }
                double[] all = HostValues.read(rank.stream(), seen);
                for (int i = 0; i < all.length; i++) {
                    int round = i / (size * ELEMENTS);
                    int from = i / ELEMENTS % size;
                    assertEquals(100 * round + from + 1, all[i], "what rank " + from + " wrote in round " + round);
                }
                rank.rendezvous().exchange(rank.world(), "seen", new byte[0]);
            }
        });
    }

    /** Each rank writes its mark into its row at every peer, and copies what the peers wrote here. */
    private static void exchange(RankContext rank, PeerGroup peers, SymmetricMemory memory, Tensor source, Tensor seen,
            int round) {
        int size = rank.world().size();
        rank.stream().fill(source, 100 * round + rank.rank() + 1);
        peers.barrier(rank.stream(), "may be overwritten");
        for (int peer = 0; peer < size; peer++) {
            rank.stream().copy(source, Tensor.of(memory.peer(peer), 4L * ELEMENTS * rank.rank(), DType.F32, ELEMENTS));
        }
        peers.barrier(rank.stream(), "has arrived");
        rank.stream().copy(Tensor.of(memory.local(), 0, DType.F32, size, ELEMENTS), seen);
    }

    /** A captured barrier holds at each replay, also where the end of one meets the beginning of the next. */
    @TestFactory
    public Stream<DynamicTest> barriersAreReplayed() {
        Assumptions.assumeTrue(captureProvider().isPresent(), "the device has no graph capture");
        return forEachSize((rank, peers) -> {
            int size = rank.world().size();
            Random delays = new Random(rank.rank());
            try (HostValues values = new HostValues(rank.device(), rank.stream());
                    SymmetricMemory memory = peers.allocate(4L * size, "contract peers");
                    GraphCapture capture = captureProvider().orElseThrow().open(rank)) {
                Tensor counter = values.of(DType.F32, new double[] {rank.rank()}, 1);
                Tensor one = values.of(DType.F32, new double[] {1}, 1);
                Tensor seen = values.tensor(DType.F32, size);
                Tensor history = values.tensor(DType.F32, ROUNDS, size);
                CapturedGraph graph = capture.capture(rank.stream(), () -> {
                    device.ops().elementwise().add(rank.stream(), counter, one, counter);
                    peers.barrier(rank.stream(), "may be overwritten");
                    for (int peer = 0; peer < size; peer++) {
                        rank.stream().copy(counter, Tensor.of(memory.peer(peer), 4L * rank.rank(), DType.F32, 1));
                    }
                    peers.barrier(rank.stream(), "has arrived");
                    rank.stream().copy(Tensor.of(memory.local(), 0, DType.F32, size), seen);
                });
                for (int round = 0; round < ROUNDS; round++) {
                    if (delays.nextInt(6) == 0) {
                        Thread.sleep(delays.nextInt(3));
                    }
                    graph.replay(rank.stream());
                    rank.stream().copy(seen, history.select(round));
                }
                double[] all = HostValues.read(rank.stream(), history);
                for (int i = 0; i < all.length; i++) {
                    assertEquals(i / size + 1 + i % size, all[i], "replay " + i / size + ", rank " + i % size);
                }
                rank.rendezvous().exchange(rank.world(), "seen", new byte[0]);
            }
        });
    }

    /** Different sizes are an error that names them, on every rank. */
    @Test
    public void refusesDifferentSizes() {
        try (RankTeam team = RankTeam.open(device, 2, 1 << 16)) {
            List<RankTeam.Outcome<Boolean>> outcomes = team.attempt(rank -> withPeers(rank,
                    (context, peers) -> peers.allocate(1000L + rank.rank(), "contract peers").close()));
            outcomes.forEach(outcome -> assertTrue(outcome.error().isPresent(), "different sizes were accepted"));
            assertTrue(RankTeam.errors(outcomes).map(String::valueOf)
                    .anyMatch(text -> text.contains("1000") && text.contains("1001")),
                    () -> "sizes are not named: "
                            + RankTeam.errors(outcomes).toList());
        }
    }

    /** A rank that does not come to a barrier is named, with the phase, when the time limit has passed. */
    @Test
    public void missingRanksAreNamed() {
        try (Device impatient = deviceProvider().open(deviceConfig().withTimeout(Duration.ofMillis(1500)));
                RankTeam team = RankTeam.open(impatient, 3, 1 << 16)) {
            List<RankTeam.Outcome<Boolean>> outcomes = team.attempt(rank -> withPeers(rank, (context, peers) -> {
                while (rank.rank() == 1 && rank.rendezvous().failure().isEmpty()) {
                    Thread.sleep(5);
                }
                rank.rendezvous().check();
                peers.barrier(rank.stream(), "the phase of the contract");
                rank.stream().synchronize();
            }));
            List<Throwable> errors = RankTeam.errors(outcomes).toList();
            assertEquals(3, errors.size(), "ranks that ended with an error");
            for (Throwable error : errors) {
                RankFailedException failure = Stream.iterate(error, cause -> cause != null, Throwable::getCause)
                        .filter(RankFailedException.class::isInstance).map(RankFailedException.class::cast)
                        .findFirst().orElseThrow(() -> new AssertionError("not a RankFailedException", error));
                assertEquals(1, failure.failure().rank(), () -> "who is missed in " + failure);
                assertTrue(failure.failure().phase().contains("the phase of the contract"), failure.toString());
            }
        }
    }
}
