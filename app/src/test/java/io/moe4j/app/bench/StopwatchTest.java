package io.moe4j.app.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.moe4j.api.capture.GraphCaptureProvider;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StopwatchTest {
    private static final BenchOptions OPTIONS = new BenchOptions(1, 2, 3);

    private final Registry registry = Plugins.load(List.of());

    /** Once for what is loaded at first use, then three runs of three calls. */
    @Test
    void everyRunMakesAllCalls() {
        assertEquals(1 + 3 * 3, executed(Optional.empty()));
    }

    @Test
    void aCaptureReplaysThem() {
        assertEquals(1 + 3 * 3, executed(Optional.of(registry.get(GraphCaptureProvider.class, "cpu"))));
    }

    @Test
    void nothingIsTimedWithoutRuns() {
        assertThrows(IllegalArgumentException.class, () -> new BenchOptions(0, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new BenchOptions(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new BenchOptions(-1, 1, 1));
    }

    /** How often a sum was added to, on the device. */
    private float executed(Optional<GraphCaptureProvider> capture) {
        try (Device device = registry.get(DeviceProvider.class, "cpu").open(DeviceConfig.defaults().withThreads(1));
                Memory memory = device.allocate(2 * Float.BYTES, "test")) {
            return BenchRanks.run(List.of(device), BenchSetup.SMALL_STACK, rank -> {
                Tensor one = Tensor.of(memory, 0, DType.F32, 1);
                Tensor sum = Tensor.of(memory, Float.BYTES, DType.F32, 1);
                rank.stream().fill(one, 1);
                rank.stream().fill(sum, 0);
                try (Stopwatch watch = Stopwatch.open(rank, capture, OPTIONS)) {
                    Samples samples = watch
                            .time(() -> device.ops().elementwise().accumulate(rank.stream(), one, 1, sum));
                    assertEquals(2, samples.seconds().size());
                }
                float[] read = new float[1];
                rank.stream().download(sum, MemorySegment.ofArray(read));
                return read[0];
            }).getFirst();
        }
    }
}
