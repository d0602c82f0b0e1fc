package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.Stability;
import io.moe4j.api.capture.CaptureException;
import io.moe4j.api.capture.CapturedGraph;
import io.moe4j.api.capture.GraphCapture;
import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of graph capture: it records without running, replays any number of times, refuses what cannot be captured, and leaves the stream usable.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class GraphCaptureContract {
    private static final int SIZE = 40;

    private Device device;
    private SingleRank rank;
    private HostValues values;
    private GraphCapture capture;

    /** For subclasses. */
    protected GraphCaptureContract() {}

    /** The capture. */
    protected abstract GraphCaptureProvider provider();

    /** The device that it captures on. */
    protected abstract DeviceProvider deviceProvider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Opens the device and the capture. */
    @BeforeEach
    public void open() {
        device = deviceProvider().open(deviceConfig());
        rank = SingleRank.on(device);
        values = new HostValues(device, stream());
        capture = provider().open(rank.context());
    }

    /** Closes them, the capture twice. */
    @AfterEach
    public void close() {
        capture.close();
        capture.close();
        values.close();
        rank.close();
        device.close();
    }

    private Stream stream() {
        return rank.context().stream();
    }

    private Tensor random(int seed) {
        return values.of(DType.F32, numbers(seed), SIZE, SIZE);
    }

    private static double[] numbers(int seed) {
        return new Random(seed).doubles(SIZE * SIZE, -1, 1).map(value -> (float) value).toArray();
    }

    /** Id, version and probe keep the rules of providers, and the device names this capture. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), GraphCaptureProvider.SPI_VERSION);
        assertEquals(deviceProvider().captureId(), provider().id(), "captureId() of the device");
        assertTrue(provider().supports(deviceProvider().kind()));
    }

    /** Nothing runs while work is recorded; each replay runs the work on the buffers' content at that time, with the bits of an eager run. */
    @Test
    public void replaysEqualEagerRuns() {
        Tensor a = random(1);
        Tensor b = random(2);
        Tensor c = values.of(DType.F32, new double[SIZE * SIZE], SIZE, SIZE);
        Tensor sum = values.of(DType.F32, new double[SIZE * SIZE], SIZE, SIZE);
        Tensor eager = values.tensor(DType.F32, SIZE, SIZE);
        int[] calls = new int[1];
        CapturedGraph graph = capture.capture(stream(), () -> {
            calls[0]++;
            assertTrue(stream().isCapturing(), "the stream does not capture while its body runs");
            device.ops().matmul().matmul(stream(), Matmul.of(a, b, c));
            device.ops().elementwise().add(stream(), c, sum, sum);
        });
        assertFalse(stream().isCapturing());
        assertTrue(graph.size() >= 2, () -> "size " + graph.size());
        assertArrayEquals(new double[SIZE * SIZE], HostValues.read(stream(), c), "nothing has run yet");
        double[] expected = new double[SIZE * SIZE];
        for (int replay = 0; replay < 5; replay++) {
            HostValues.write(stream(), a, numbers(10 + replay));
            graph.replay(stream());
            device.ops().matmul().matmul(stream(), Matmul.of(a, b, eager));
            double[] product = HostValues.read(stream(), eager);
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (float) product[i] + (float) expected[i];
            }
            assertArrayEquals(product, HostValues.read(stream(), c), "product of replay " + replay);
            assertArrayEquals(expected, HostValues.read(stream(), sum), "sum after replay " + replay);
        }
        assertEquals(1, calls[0], "times that the body was called");
    }

    /** Calls that wait for the device are refused; the message says what was called, and the stream works on. */
    @Test
    public void refusesCallsThatWait() {
        Tensor a = random(1);
        double[] before = HostValues.read(stream(), a);
        long syncs = stream().hostSyncs();
        assertThrows(CaptureException.class, () -> capture.capture(stream(), () -> HostValues.read(stream(), a)));
        assertThrows(CaptureException.class, () -> capture.capture(stream(), () -> {
            device.ops().elementwise().add(stream(), a, a, a);
            stream().synchronize();
        }));
        CaptureException refusal = assertThrows(CaptureException.class,
                () -> capture.capture(stream(), () -> HostValues.write(stream(), a, before)));
        assertTrue(String.valueOf(refusal.getMessage()).length() > 10, refusal.toString());
        assertEquals(syncs, stream().hostSyncs(), "what was refused has not waited");
        assertFalse(stream().isCapturing());
        assertArrayEquals(before, HostValues.read(stream(), a), "what was recorded before the refusal has not run");
    }

    /** An exception of the body is thrown unchanged, and the stream can still be used. */
    @Test
    public void theBodysOwnErrorComesOut() {
        RuntimeException error = assertThrows(RuntimeException.class, () -> capture.capture(stream(), () -> {
            throw new IllegalArgumentException("of the body");
        }));
        assertTrue(java.util.stream.Stream.iterate((Throwable) error, cause -> cause != null, Throwable::getCause)
                .anyMatch(cause -> String.valueOf(cause.getMessage()).contains("of the body")), error.toString());
        assertFalse(stream().isCapturing());
        Tensor a = random(3);
        assertArrayEquals(numbers(3), HostValues.read(stream(), a));
    }

    /** A graph whose memory was freed is refused at replay. */
    @Test
    public void refusesFreedMemory() {
        HostValues shortLived = new HostValues(device, stream());
        Tensor a = shortLived.of(DType.F32, numbers(4), SIZE, SIZE);
        CapturedGraph graph = capture.capture(stream(), () -> device.ops().elementwise().add(stream(), a, a, a));
        graph.replay(stream());
        stream().synchronize();
        shortLived.close();
        assertThrows(CaptureException.class, () -> graph.replay(stream()));
        stream().synchronize();
    }

    /** Several graphs can be open at the same time; a closed one cannot be replayed, and closing twice is harmless. */
    @Test
    public void graphsAreIndependent() {
        Tensor a = values.of(DType.F32, new double[] {1}, 1);
        CapturedGraph doubling = capture.capture(stream(), () -> device.ops().elementwise().add(stream(), a, a, a));
        CapturedGraph clearing = capture.capture(stream(), () -> stream().fill(a, 3));
        doubling.replay(stream());
        clearing.replay(stream());
        doubling.replay(stream());
        assertEquals(6, HostValues.read(stream(), a)[0]);
        doubling.close();
        doubling.close();
        clearing.replay(stream());
        assertEquals(3, HostValues.read(stream(), a)[0]);
        assertThrows(RuntimeException.class, () -> doubling.replay(stream()));
    }

    /**
     * A loop makes, in order, as many passes as the device's counter says when a replay reaches it; without {@link GraphCaptureProvider#repeats()}, it makes
     * the largest possible number.
     */
    @Test
    public void loopsRunAsOftenAsTheDeviceSays() {
        boolean repeats = provider().repeats() instanceof Availability.Available;
        LoopLog log = new LoopLog(values, stream());
        int limit = 5;
        CapturedGraph graph = capture.capture(stream(), () -> {
            log.clear();
            log.loop(2, limit);
            log.note(100);
            log.loop(0, limit);
            log.loop(limit, limit);
        });
        assertEquals(repeats ? 2 : 2 * limit - 2, log.calls(), "times that bodies were called");
        for (int end : new int[] {0, 3, 2, limit, 1, 4, limit + 3, 0}) {
            log.setEnd(end);
            graph.replay(stream());
            int last = repeats ? Math.min(end, limit) : limit;
            assertEquals(LoopLog.expected(2, last, 100, 0, last), log.passes(), "passes of loops that end at " + end);
        }
    }

    /** Without a capture, the largest possible number of passes is enqueued, and the device has the number of each pass. */
    @Test
    public void loopsOutsideACaptureMakeAllPasses() {
        LoopLog log = new LoopLog(values, stream());
        log.clear();
        log.setEnd(2);
        log.loop(1, 4);
        log.note(7);
        assertEquals(LoopLog.expected(1, 4, 7, 0, 0), log.passes(), "passes of a loop outside of a capture");
    }

    /** Calls that the body of a loop must not make are refused; the stream and the next capture are usable afterwards. */
    @Test
    public void loopsRefuseWhatCannotBeRepeated() {
        LoopLog log = new LoopLog(values, stream());
        if (provider().repeats() instanceof Availability.Available) {
            assertThrows(CaptureException.class,
                    () -> capture.capture(stream(), () -> stream().repeat(log.range(0, 2), () -> stream().record())),
                    "an event in the body of a loop");
            assertThrows(CaptureException.class,
                    () -> capture.capture(stream(), () -> stream().repeat(log.range(0, 2), () -> log.loop(0, 2))),
                    "a loop in the body of a loop");
        }
        assertThrows(CaptureException.class,
                () -> capture.capture(stream(), () -> stream().repeat(log.range(0, 2), () -> stream().synchronize())),
                "a body that waits");
        RuntimeException error = assertThrows(RuntimeException.class,
                () -> capture.capture(stream(), () -> stream().repeat(log.range(0, 2), () -> {
                    log.note(1);
                    throw new IllegalArgumentException("of the body");
                })));
        assertTrue(String.valueOf(error.getMessage()).contains("of the body"), error.toString());
        assertFalse(stream().isCapturing());
        log.setEnd(2);
        try (CapturedGraph graph = capture.capture(stream(), () -> {
            log.clear();
            log.loop(0, 2);
            log.note(7);
        })) {
            graph.replay(stream());
            assertEquals(LoopLog.expected(0, 2, 7, 0, 0), log.passes(), "passes after refusals");
        }
    }

    /** Freed memory that only the body of a loop uses is refused too. */
    @Test
    public void refusesFreedMemoryOfALoop() {
        LoopLog log = new LoopLog(values, stream());
        HostValues shortLived = new HostValues(device, stream());
        Tensor a = shortLived.of(DType.F32, numbers(4), SIZE, SIZE);
        CapturedGraph graph = capture.capture(stream(),
                () -> stream().repeat(log.range(0, 1), () -> stream().fill(a, 1)));
        log.setEnd(1);
        graph.replay(stream());
        stream().synchronize();
        shortLived.close();
        assertThrows(CaptureException.class, () -> graph.replay(stream()));
        stream().synchronize();
    }
}
