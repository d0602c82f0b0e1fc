package io.moe4j.trainer.step;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.group.Group;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.group.ThreadRendezvous;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.StackWatcher;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.TokensAhead;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AheadBuffersTest {
    private static final int NONE = -100;

    /** Two microbatches of one sequence of 6 tokens: two documents of 3; then one of 6, whose prompt of 3 tokens is ignored. */
    @Test
    void nothingLiesBeyondSequenceAndDocument() {
        Batch batch = new Batch(new int[] {5, 6, 7, 8, 9, 4, 10, 11, 12, 13, 14, 15},
                new int[] {6, 7, NONE, 9, 4, 2, NONE, NONE, 13, 14, 15, 16},
                Optional.of(new int[] {0, 0, 0, 3, 3, 3, 0, 0, 0, 0, 0, 0}));
        try (Device device = Plugins.load(List.of()).get(DeviceProvider.class, "cpu")
                .open(DeviceConfig.defaults().withStrict(true));
                Stream stream = device.openStream("rank 0");
                Memory memory = device.allocate(1 << 10, "planned memory");
                AheadBuffers buffers = new AheadBuffers(rank(device, stream, memory), 2, 6, 12, 2)) {
            buffers.upload(batch);
            require(stream, buffers.of(0).get(0), new int[] {6, 7, 7, 9, 4, 4}, 7, NONE, NONE, 4, 2, NONE);
            require(stream, buffers.of(0).get(1), new int[] {7, 7, 7, 4, 4, 4}, NONE, NONE, NONE, 2, NONE, NONE);
            require(stream, buffers.of(1).get(0), new int[] {11, 12, 13, 14, 15, 15}, NONE, NONE, 14, 15, 16, NONE);
            require(stream, buffers.of(1).get(1), new int[] {12, 13, 14, 15, 15, 15}, NONE, NONE, 15, 16, NONE, NONE);
            assertEquals(List.of(3L + 3, 1L + 2), buffers.targets());
            // Where documents are not kept apart, the label that is ignored at a document's end says that it ends.
            buffers.upload(new Batch(batch.ids_T(), batch.labels_T()));
            require(stream, buffers.of(0).get(0), new int[] {6, 7, 8, 9, 4, 4}, 7, NONE, NONE, 4, 2, NONE);
        }
    }

    private static RankContext rank(Device device, Stream stream, Memory memory) {
        Group world = new Group("world", List.of(0), 0);
        return new RankContext(world, device, stream,
                new MemoryStack(memory, List.of(), StackWatcher.onRelease(freed -> {})),
                ThreadRendezvous.of(1, Duration.ofSeconds(10)), List.of());
    }

    private static void require(Stream stream, TokensAhead ahead, int[] ids, int... labels) {
        assertArrayEquals(ids, read(stream, ahead.ids_T()));
        assertArrayEquals(labels, read(stream, ahead.labels_T()));
    }

    private static int[] read(Stream stream, Tensor tensor) {
        int[] values = new int[Math.toIntExact(tensor.elements())];
        stream.download(tensor, MemorySegment.ofArray(values));
        return values;
    }
}
