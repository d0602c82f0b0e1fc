package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Collectives;
import io.moe4j.api.group.CollectivesProvider;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.RankFailedException;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rank threads on two GPUs. The checks are those for one GPU, with expected values computed on the host, so results are the same bits. */
@Tag("gpu")
@Timeout(90)
final class TwoDevicesGpuTest {
    private static final String NOTHING = ".version 8.0 .target sm_80 .address_size 64 .visible .entry nothing() { ret; } \0";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @BeforeEach
    void twoGpus() {
        TwoGpus.assume();
    }

    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "1 0", "0 0 1 1", "0 1 0 1", "0 0 1"})
    void barriers(String ordinals) throws Exception {
        run(ordinals, rank -> PeerGpuTest.checkBarriers(rank, 200));
    }

    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "0 0 1 1", "0 1 1"})
    void collectives(String ordinals) throws Exception {
        run(ordinals, rank -> checkAll(rank, "cuda_peer_memory"));
    }

    /** On the stream for communication, captured gathering and reducing is left to copy engines where ranks have GPUs of their own. */
    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "1 0", "0 0 1 1"})
    void collectivesBesideTheMainStream(String ordinals) throws Exception {
        run(ordinals, rank -> {
            Stream beside = rank.gpu().device.openCommunicationStream("beside");
            RankContext context = rank.context().withCommunication(beside);
            try (Collectives all = Gpu.provider(ServiceLoader.load(CollectivesProvider.class), "cuda_peer_memory")
                    .open(rank.world(), context)) {
                new CollectivesCheck(rank, all).capturedBeside(beside);
                rank.gpu().stream.synchronize();
            }
        });
    }

    @Test
    void ncclBetweenThreads() throws Exception {
        run("0 1", rank -> checkAll(rank, "nccl"));
    }

    private static void checkAll(Ranks.Rank rank, String id) {
        try (Collectives all = Gpu.provider(ServiceLoader.load(CollectivesProvider.class), id)
                .open(rank.world(), rank.context())) {
            CollectivesCheck check = new CollectivesCheck(rank, all);
            check.all();
            check.large();
            check.captured();
            rank.gpu().stream.synchronize();
        }
    }

    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "0 0 1 1", "1 0 1 0"})
    void exchange(String ordinals) throws Exception {
        run(ordinals, ExchangeGpuTest::check);
    }

    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 1", "0 1 0 1"})
    void barriersInReplayedGraphs(String ordinals) throws Exception {
        run(ordinals, CaptureGpuTest::checkBarriersInReplayedGraphs);
    }

    /** Prints the time of a barrier inside a graph, where the host does not take part. */
    @ParameterizedTest(name = "ranks on devices {0}")
    @ValueSource(strings = {"0 0", "0 1", "0 0 1 1"})
    void barriersInARowInAGraph(String ordinals) throws Exception {
        int count = 500;
        run(ordinals, rank -> {
            Stream stream = rank.gpu().stream;
            try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(), rank.context().rendezvous());
                    GraphCapture capture = CaptureGpuTest.provider().open(rank.context())) {
                CapturedGraph graph = capture.capture(stream, () -> {
                    for (int i = 0; i < count; i++) {
                        peers.barrier(stream, "in a row");
                    }
                });
                graph.replay(stream);
                stream.synchronize();
                long start = System.nanoTime();
                graph.replay(stream);
                stream.synchronize();
                System.out.printf("ranks on devices %s, rank %d: %.2f us a barrier in a graph%n", ordinals,
                        rank.index(), (System.nanoTime() - start) / 1e3 / count);
            }
        });
    }

    /** Two groups across the same two devices, whose ranks do not wait for each other, while all ranks take and free memory. */
    @Test
    void groupsThatKnowNothingOfEachOther() throws Exception {
        run("0 0 1 1", rank -> {
            int pair = rank.index() % 2;
            Group group = new Group("pair " + pair, List.of(pair, pair + 2), rank.index() / 2);
            try (PeerGroup peers = rank.gpu().device.openPeerGroup(group, rank.context().rendezvous())) {
                for (int round = 0; round < 300; round++) {
                    if (ThreadLocalRandom.current().nextInt(4) == 0) {
                        rank.gpu().device.allocate(1L << (10 + round % 16), "between barriers").close();
                    }
                    peers.barrier(rank.gpu().stream, "round");
                }
                rank.gpu().stream.synchronize();
            }
        });
    }

    /** One rank writes 16 MiB over the link and the other reads it after a barrier, 20 times. No old word may be seen. */
    @Test
    void everyWordArrivesBeforeTheBarrier() throws Exception {
        int words = 4 << 20;
        run("0 1", rank -> {
            Gpu gpu = rank.gpu();
            try (PeerGroup peers = gpu.device.openPeerGroup(rank.world(), rank.context().rendezvous());
                    SymmetricMemory memory = peers.allocate(4L * words, "words")) {
                Tensor own = Tensor.of(memory.local(), 0, DType.I32, words);
                Tensor other = Tensor.of(memory.peer(1 - rank.index()), 0, DType.I32, words);
                Tensor mine = gpu.tensor(DType.I32, words);
                Tensor seen = gpu.tensor(DType.I32, words);
                for (int round = 1; round <= 20; round++) {
                    gpu.stream.fill(mine, 2 * round + rank.index());
                    gpu.device.ops().elementwise().copy(gpu.stream, mine, other);
                    peers.barrier(gpu.stream, "written");
                    gpu.device.ops().elementwise().copy(gpu.stream, own, seen);
                    peers.barrier(gpu.stream, "read");
                    double[] got = gpu.read(seen);
                    int expected = 2 * round + 1 - rank.index();
                    long old = Arrays.stream(got).filter(value -> value != expected).count();
                    assertEquals(0, old, "words of another round in round " + round);
                }
            }
        });
    }

    @Test
    void aMissingRankIsNamedAcrossDevices() {
        ExecutionException failure = assertThrows(ExecutionException.class,
                () -> Ranks.run(List.of(0, 1), Duration.ofSeconds(2), rank -> {
                    try (PeerGroup peers = rank.gpu().device.openPeerGroup(rank.world(),
                            rank.context().rendezvous())) {
                        if (rank.index() == 0) {
                            peers.barrier(rank.gpu().stream, "the one that rank 1 misses");
                            rank.gpu().stream.synchronize();
                        }
                        return null;
                    }
                }));
        RankFailedException cause = (RankFailedException) failure.getCause();
        assertEquals(1, cause.failure().rank(), cause.getMessage());
        assertTrue(cause.getMessage().contains("the one that rank 1 misses"), cause.getMessage());
    }

    /** Events order streams of two devices, but cannot measure time between them. Copies work from one device to the other. */
    @Test
    void streamsWaitForEventsOfTheOtherDevice() {
        try (Device first = Gpu.openDevice(LIMIT, 0); Device second = Gpu.openDevice(LIMIT, 1)) {
            Gpu one = Gpu.on(first, "one");
            Gpu two = Gpu.on(second, "two");
            Tensor from = one.tensor(DType.I32, 32 << 20);
            Tensor to = two.tensor(DType.I32, 32 << 20);
            one.stream.synchronize();
            two.stream.synchronize();
            one.stream.fill(from, 7);
            Event filled = one.stream.record();
            two.stream.await(filled);
            two.stream.copy(from, to);
            Reference.same("copied", new double[] {7, 7}, two.read(to.slice(0, (32 << 20) - 2, 32 << 20)));
            assertThrows(IllegalStateException.class, () -> two.stream.record().secondsSince(filled));
            two.release();
            one.release();
        }
    }

    @Test
    void kernelsOfTheOtherDeviceAreRefused() {
        try (Device first = Gpu.openDevice(LIMIT, 0);
                Device second = Gpu.openDevice(LIMIT, 1);
                Stream stream = second.openStream("second")) {
            KernelSource source = KernelSource.cpu("nothing", Map.of()).with(DeviceKind.CUDA,
                    () -> NOTHING.getBytes(StandardCharsets.US_ASCII));
            Launch foreign = Launch.of(first.load(source).kernel("nothing"));
            DeviceException refused = assertThrows(DeviceException.class, () -> stream.launch(foreign));
            assertTrue(refused.getMessage().contains("was not loaded by"), refused.getMessage());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsRefused() {
        int there = TwoGpus.count();
        DeviceException refused = assertThrows(DeviceException.class, () -> Gpu.openDevice(LIMIT, there).close());
        assertTrue(refused.getMessage().contains("there are " + there + ", numbers 0 to " + (there - 1)),
                refused.getMessage());
    }

    private static void run(String ordinals, RankCheck check) throws Exception {
        Ranks.run(Arrays.stream(ordinals.split(" ")).map(Integer::valueOf).toList(), LIMIT, rank -> {
            check.run(rank);
            return null;
        });
    }

    /** The check that each rank runs. */
    @FunctionalInterface
    private interface RankCheck {
        void run(Ranks.Rank rank) throws Exception;
    }
}
