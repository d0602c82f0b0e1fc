package io.moe4j.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.device.DeviceLoop;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.PeerGroup;
import io.moe4j.api.group.SymmetricMemory;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loops in captured graphs whose length the device knows: with products of a library, beside other streams, between ranks, and in two sessions at once. */
@Tag("gpu")
@Timeout(60)
final class LoopsGpuTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final int MOST = 4;
    private static final int[] ENDS = {1, 3, 0, 4, 2, 9, 1, 1, 4};
    private static final int SIZE = 96;

    /** Without this, the other tests would only test passes that the host has enqueued. */
    @Test
    void theDriverRepeatsWork() {
        assertInstanceOf(Availability.Available.class, CaptureGpuTest.provider().repeats());
    }

    /** c doubles, and a product is added: as many times as there are passes, with the bits of as many calls. */
    @Test
    void productsOfALibrary() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            Tensor a = gpu.floats(DType.BF16, Reference.random(DType.BF16, SIZE * SIZE, 1), SIZE, SIZE);
            Tensor b = gpu.floats(DType.BF16, Reference.random(DType.BF16, SIZE * SIZE, 2), SIZE, SIZE);
            Tensor c = gpu.tensor(DType.F32, SIZE, SIZE);
            Runnable pass = () -> {
                gpu.device.ops().elementwise().accumulate(gpu.stream, c, 1, c);
                gpu.device.ops().matmul().matmul(gpu.stream, Matmul.of(a, b, c).accumulating(true));
            };
            List<double[]> expected = new ArrayList<>();
            gpu.stream.fill(c, 0.5);
            for (int passes = 0; passes < MOST; passes++) {
                expected.add(gpu.read(c));
                pass.run();
            }
            Counters counters = new Counters(gpu);
            int[] calls = new int[1];
            try (GraphCapture capture = CaptureGpuTest.provider().open(rank.context());
                    CapturedGraph graph = capture.capture(gpu.stream, () -> {
                        gpu.stream.fill(c, 0.5);
                        gpu.stream.repeat(counters.loop(), () -> {
                            calls[0]++;
                            pass.run();
                        });
                    })) {
                assertEquals(1, calls[0], "calls of the body");
                for (int end : ENDS) {
                    counters.setEnd(end);
                    graph.replay(gpu.stream);
                    Reference.same("passes to " + end, expected.get(Counters.passes(end)), gpu.read(c));
                }
                // Outside of the loop, products are enqueued to the stream itself again.
                gpu.stream.fill(c, 0.5);
                pass.run();
                Reference.same("a call after the capture", expected.get(1), gpu.read(c));
            }
            return null;
        });
    }

    /** Another stream takes part in the capture before, during and after a loop. */
    @Test
    void besideAnotherStream() throws Exception {
        Ranks.run(1, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            Counters counters = new Counters(gpu);
            Tensor sum = gpu.tensor(DType.F32, 1);
            Tensor one = gpu.floats(DType.F32, new double[] {1}, 1);
            Tensor beside = gpu.tensor(DType.F32, 1);
            try (GraphCapture capture = CaptureGpuTest.provider().open(rank.context());
                    Stream side = gpu.device.openStream("side")) {
                CapturedGraph graph = capture.capture(gpu.stream, () -> {
                    gpu.stream.fill(sum, 0);
                    side.await(gpu.stream.record());
                    side.fill(beside, 10);
                    gpu.stream.repeat(counters.loop(),
                            () -> gpu.device.ops().elementwise().accumulate(gpu.stream, one, 1, sum));
                    side.fill(beside, 10);
                    gpu.stream.await(side.record());
                    gpu.device.ops().elementwise().accumulate(gpu.stream, beside, 1, sum);
                    gpu.stream.repeat(counters.loop(),
                            () -> gpu.device.ops().elementwise().accumulate(gpu.stream, sum, 1, sum));
                });
                for (int end : ENDS) {
                    counters.setEnd(end);
                    graph.replay(gpu.stream);
                    int passes = Counters.passes(end);
                    Reference.same("passes to " + end, new double[] {(passes + 10) << passes}, gpu.read(sum));
                }
                CaptureException refused = assertThrows(CaptureException.class,
                        () -> capture.capture(gpu.stream, () -> gpu.stream.repeat(counters.loop(), () -> {
                            gpu.stream.fill(sum, 1);
                            side.await(gpu.stream.record());
                        })));
                assertTrue(String.valueOf(refused.getMessage()).contains("body of a captured loop"),
                        refused.toString());
                graph.replay(gpu.stream);
                gpu.stream.synchronize();
            }
            return null;
        });
    }

    /** Ranks meet in each pass: each hands its value on to the next rank, so that after p passes a rank has the value of the rank p places before it. */
    @Test
    void barriersInBodies() throws Exception {
        for (int ranks : new int[] {2, 4}) {
            handOn(ranks);
        }
    }

    /** The same in two sessions at once, of one JVM and on one GPU. */
    @Test
    void twoSessions() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<?>> both = new ArrayList<>();
            for (int ranks : new int[] {2, 3}) {
                both.add(threads.submit(() -> {
                    handOn(ranks);
                    return null;
                }));
            }
            for (Future<?> each : both) {
                each.get();
            }
        }
    }

    private static void handOn(int ranks) throws Exception {
        Ranks.run(ranks, LIMIT, rank -> {
            Gpu gpu = rank.gpu();
            Counters counters = new Counters(gpu);
            try (GraphCapture capture = CaptureGpuTest.provider().open(rank.context());
                    PeerGroup peers = gpu.device.openPeerGroup(rank.world(), rank.context().rendezvous());
                    SymmetricMemory memory = peers.allocate(2 * Float.BYTES, "handed on")) {
                Tensor mine = gpu.floats(DType.F32, new double[] {rank.index()}, 1);
                Tensor value = gpu.tensor(DType.F32, 1);
                Tensor there = Tensor.of(memory.peer((rank.index() + 1) % ranks), 0, DType.F32, 1);
                Tensor here = Tensor.of(memory.local(), 0, DType.F32, 1);
                CapturedGraph graph = capture.capture(gpu.stream, () -> {
                    gpu.stream.copy(mine, value);
                    gpu.stream.repeat(counters.loop(), () -> {
                        peers.barrier(gpu.stream, "the value was read");
                        gpu.stream.copy(value, there);
                        peers.barrier(gpu.stream, "the value has arrived");
                        gpu.stream.copy(here, value);
                    });
                });
                for (int time = 0; time < 5 * ENDS.length; time++) {
                    int end = ENDS[time % ENDS.length];
                    counters.setEnd(end);
                    graph.replay(gpu.stream);
                    double expected = Math.floorMod(rank.index() - Counters.passes(end), ranks);
                    Reference.same(ranks + " ranks, passes to " + end, new double[] {expected}, gpu.read(value));
                }
                peers.barrier(gpu.stream, "all have read");
                gpu.stream.synchronize();
            }
            return null;
        });
    }

    /** What loops count with: passes 1 to 3 at most. */
    private static final class Counters {
        private final Gpu gpu;
        private final Tensor pass_1;
        private final Tensor end_1;

        Counters(Gpu gpu) {
            this.gpu = gpu;
            pass_1 = gpu.tensor(DType.I32, 1);
            end_1 = gpu.tensor(DType.I32, 1);
        }

        DeviceLoop loop() {
            return DeviceLoop.of(pass_1, end_1, MOST).withFirst(1);
        }

        void setEnd(int end) {
            gpu.stream.fill(end_1, end);
        }

        static int passes(int end) {
            return Math.max(0, Math.min(end, MOST) - 1);
        }
    }
}
