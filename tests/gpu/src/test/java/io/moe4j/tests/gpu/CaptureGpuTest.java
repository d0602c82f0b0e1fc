package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Capture and replay, alone and on several rank threads at once. */
@Tag("gpu")
@Timeout(60)
final class CaptureGpuTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Test
    void replayEqualsEager() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            try (GraphCapture capture = provider().open(rank.context())) {
                Tensor a = gpu.floats(DType.BF16, Reference.random(DType.BF16, 256 * 512, 1), 256, 512);
                Tensor b = gpu.floats(DType.BF16, Reference.random(DType.BF16, 512 * 128, 2), 512, 128);
                Tensor c = gpu.floats(DType.F32, new double[256 * 128], 256, 128);
                Runnable body = () -> {
                    gpu.device.ops().matmul().matmul(gpu.stream, Matmul.of(a, b, c).accumulating(true));
                    gpu.device.ops().elementwise().accumulate(gpu.stream, c, 0.5f, c);
                };
                body.run();
                body.run();
                double[] twice = gpu.read(c);
                gpu.stream.fill(c, 0);
                CapturedGraph graph = capture.capture(gpu.stream, body);
                Reference.same("nothing ran", new double[256 * 128], gpu.read(c));
                assertTrue(graph.size() >= 2, graph.size() + " nodes");
                graph.replay(gpu.stream);
                graph.replay(gpu.stream);
                Reference.same("replayed", twice, gpu.read(c));
                graph.close();
                assertThrows(CaptureException.class, () -> graph.replay(gpu.stream));
            }
            return null;
        });
    }

    /** cuBLASLt first meets the shape of a product inside the capture, where nothing may be allocated. */
    @Test
    void firstProductInsideACapture() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            try (GraphCapture capture = provider().open(rank.context())) {
                double[] a = Reference.random(DType.F32, 40 * 24, 1);
                double[] b = Reference.random(DType.F32, 24 * 56, 2);
                Tensor at = gpu.floats(DType.F32, a, 40, 24);
                Tensor bt = gpu.floats(DType.F32, b, 24, 56);
                Tensor c = gpu.tensor(DType.F32, 40, 56);
                capture.capture(gpu.stream, () -> gpu.device.ops().matmul().matmul(gpu.stream, Matmul.of(at, bt, c)))
                        .replay(gpu.stream);
                Reference.close("product", Reference.product(a, b, 40, 24, 56), gpu.read(c), 1e-5, 1e-4);
            }
            return null;
        });
    }

    @Test
    void memoryThatWasFreedIsNamed() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            try (GraphCapture capture = provider().open(rank.context())) {
                Memory memory = gpu.device.allocate(64, "step inputs");
                Tensor x = Tensor.of(memory, 0, DType.F32, 16);
                CapturedGraph graph = capture.capture(gpu.stream, () -> gpu.stream.fill(x, 1));
                graph.replay(gpu.stream);
                gpu.stream.synchronize();
                memory.close();
                CaptureException failure = assertThrows(CaptureException.class, () -> graph.replay(gpu.stream));
                assertTrue(failure.getMessage().contains("step inputs"), failure.getMessage());
            }
            return null;
        });
    }

    @Test
    void otherStreamsJoinThroughEvents() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            try (GraphCapture capture = provider().open(rank.context()); Stream side = gpu.device.openStream("side")) {
                Tensor x = gpu.floats(DType.F32, new double[] {1, 2, 3}, 3);
                Tensor y = gpu.tensor(DType.F32, 3);
                CapturedGraph graph = capture.capture(gpu.stream, () -> {
                    Event fork = gpu.stream.record();
                    side.await(fork);
                    side.copy(x, y);
                    Event join = side.record();
                    gpu.stream.await(join);
                    gpu.device.ops().elementwise().accumulate(gpu.stream, y, 1, y);
                });
                graph.replay(gpu.stream);
                Reference.same("forked and joined", new double[] {2, 4, 6}, gpu.read(y));
            }
            return null;
        });
    }

    @Test
    void whatCannotBeCapturedIsNamedAndTheStreamGoesOn() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            try (GraphCapture capture = provider().open(rank.context())) {
                Tensor x = gpu.floats(DType.F32, new double[] {1}, 1);
                CaptureException failure = assertThrows(CaptureException.class,
                        () -> capture.capture(gpu.stream, () -> gpu.read(x)));
                assertTrue(failure.getMessage().contains("download"), failure.getMessage());
                CaptureException second = assertThrows(CaptureException.class,
                        () -> capture.capture(gpu.stream, gpu.stream::synchronize));
                assertTrue(second.getMessage().contains("synchronize"), second.getMessage());
                assertThrows(CaptureException.class, () -> capture.capture(gpu.stream, () -> {
                    gpu.stream.fill(x, 2);
                    throw new IllegalStateException("the model has a bug");
                }));
                Reference.same("nothing of it ran", new double[] {1}, gpu.read(x));
                gpu.stream.fill(x, 3);
                Reference.same("the stream goes on", new double[] {3}, gpu.read(x));
            }
            return null;
        });
    }

    /** Four ranks capture at the same time, and replay back to back without the host. The count of the barrier continues in device memory. */
    @Test
    void barriersInReplayedGraphs() throws Exception {
        Ranks.run(4, LIMIT, rank -> {
            checkBarriersInReplayedGraphs(rank);
            return null;
        });
    }

    static void checkBarriersInReplayedGraphs(Ranks.Rank rank) {
        int ranks = rank.world().size();
        Gpu gpu = rank.gpu();
        try (GraphCapture capture = provider().open(rank.context());
                PeerGroup peers = gpu.device.openPeerGroup(rank.world(), rank.context().rendezvous());
                SymmetricMemory memory = peers.allocate(4L * ranks, "slots")) {
            Tensor mine = gpu.floats(DType.F32, new double[] {0}, 1);
            Tensor one = gpu.floats(DType.F32, new double[] {1 + rank.index()}, 1);
            Tensor own = Tensor.of(memory.local(), 0, DType.F32, ranks);
            Tensor sum = gpu.floats(DType.F32, new double[ranks], ranks);
            CapturedGraph graph = capture.capture(gpu.stream, () -> {
                gpu.device.ops().elementwise().accumulate(gpu.stream, one, 1, mine);
                for (int p = 0; p < ranks; p++) {
                    gpu.stream.copy(mine, Tensor.of(memory.peer(p), 4L * rank.index(), DType.F32, 1));
                }
                peers.barrier(gpu.stream, "written");
                gpu.device.ops().elementwise().accumulate(gpu.stream, own, 1, sum);
                peers.barrier(gpu.stream, "read");
            });
            long syncs = gpu.stream.hostSyncs();
            int rounds = 100;
            for (int i = 0; i < rounds; i++) {
                graph.replay(gpu.stream);
            }
            assertEquals(syncs, gpu.stream.hostSyncs());
            double[] expected = new double[ranks];
            for (int p = 0; p < ranks; p++) {
                expected[p] = (1 + p) * rounds * (rounds + 1) / 2.0;
            }
            Reference.same("sums over replays", expected, gpu.read(sum));
        }
    }

    static GraphCaptureProvider provider() {
        return Gpu.provider(ServiceLoader.load(GraphCaptureProvider.class), "cuda_graph");
    }
}
