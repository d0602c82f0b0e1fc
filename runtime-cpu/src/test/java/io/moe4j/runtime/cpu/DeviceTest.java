package io.moe4j.runtime.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    private final CpuDeviceProvider provider = new CpuDeviceProvider();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void computesThroughItsStreams(boolean strict) {
        try (Device device = provider.open(Ranks.config(2, strict)); Stream stream = device.openStream("rank 0")) {
            Tensor a = Values.floats(device, stream, 6, i -> i + 1).view(2, 3);
            Tensor b = Values.floats(device, stream, 6, i -> i % 2).view(3, 2);
            Tensor c = Values.tensor(device, DType.F32, 2, 2);
            device.ops().matmul().matmul(stream, Matmul.of(a, b, c));
            assertArrayEquals(new float[] {0, 6, 0, 15}, Values.read(stream, c));
            assertEquals(1, stream.hostSyncs());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesAndFillsEveryType(boolean strict) {
        try (Device device = provider.open(Ranks.config(2, strict)); Stream stream = device.openStream("rank 0")) {
            for (DType type : DType.values()) {
                for (int count : new int[] {0, 1, 2, 3, 17, 300_001}) {
                    Tensor source = Values.tensor(device, type, count);
                    Tensor copy = Values.tensor(device, type, count);
                    stream.fill(source, -3);
                    stream.copy(source, copy);
                    int[] bits = Values.bits(stream, copy);
                    int[] wanted = switch (type) {
                        case F32 -> new int[] {Float.floatToRawIntBits(-3)};
                        case BF16 -> new int[] {0xC040_C040};
                        case I32 -> new int[] {-3};
                        case I64 -> new int[] {-3, -1};
                        case F8_E4M3 -> new int[] {0xC4C4_C4C4};
                    };
                    for (int i = 0; i < bits.length; i++) {
                        assertEquals(wanted[i % wanted.length], bits[i], type + " " + i);
                    }
                    source.memory().close();
                    copy.memory().close();
                }
            }
        }
    }

    @Test
    void memoryIsAlignedCountedAndFreed() {
        try (Device device = provider.open(DeviceConfig.defaults())) {
            Memory one = device.allocate(1000, "ones");
            Memory two = device.allocate(24, "twos");
            assertEquals(0, one.address() % 256);
            assertEquals(0, two.address() % 256);
            assertEquals(Map.of("ones", 1000L, "twos", 24L), device.allocatedBytes());
            one.close();
            one.close();
            assertFalse(one.isLive());
            assertEquals(Map.of("twos", 24L), device.allocatedBytes());
            assertEquals(0, device.allocate(0, "nothing").bytes());
        }
    }

    @Test
    void tooMuchIsRefusedWithTheFigures() {
        try (Device device = provider.open(DeviceConfig.defaults())) {
            device.allocate(4096, "parameters");
            long wanted = device.capacityBytes();
            String message = assertThrows(DeviceException.class, () -> device.allocate(wanted, "activations"))
                    .getMessage();
            assertTrue(message.contains("\"activations\" wants " + wanted + " bytes"), message);
            assertTrue(message.contains("parameters=4096"), message);
            assertTrue(message.contains((wanted - 4096) + " of " + wanted + " are free"), message);
        }
    }

    /** 9 GiB of which only three places are ever written: the system provides only those pages. */
    @Test
    void reachesElementsBeyondTwoToThe31() {
        try (Device device = provider.open(Ranks.config(1, false)); Stream stream = device.openStream("rank 0")) {
            long elements = (1L << 31) + 1000;
            Tensor all = Tensor.of(device.allocate(4 * elements, "sparse"), 0, DType.F32, elements);
            Tensor last = all.slice(0, elements - 8, elements);
            Tensor first = all.slice(0, 0, 8);
            stream.fill(last, 5);
            stream.fill(first, 2);
            device.ops().elementwise().add(stream, first, last, first);
            assertArrayEquals(new float[] {7, 7, 7, 7, 7, 7, 7, 7}, Values.read(stream, first));
            assertArrayEquals(new float[] {0, 0}, Values.read(stream, all.slice(0, elements - 10, elements - 8)));
            KernelModule kernels = device.load(KernelSource.cpu("far", Map.of("far", launch -> {
                long at = launch.pointer(0) + 4 * launch.int64(1);
                launch.memory().set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, launch.float32(2));
            })));
            stream.launch(Launch.of(kernels.kernel("far"), KernelArg.of(all), KernelArg.of(elements - 1),
                    KernelArg.of(1.5f)));
            assertEquals(1.5f, Values.read(stream, last)[7]);
        }
    }

    @Test
    void kernelsAreFoundByNameAndSeeTheirArguments() {
        try (Device device = provider.open(Ranks.config(2, true)); Stream stream = device.openStream("rank 0")) {
            KernelModule module = device.load(KernelSource.cpu("mine", Map.of("wrong", launch -> launch.int32(0))));
            String unknown = assertThrows(DeviceException.class, () -> module.kernel("write")).getMessage();
            assertTrue(unknown.contains("[wrong]"), unknown);
            stream.launch(Launch.of(module.kernel("wrong"), KernelArg.of(1.5f)));
            String wrong = assertThrows(DeviceException.class, stream::synchronize).getMessage();
            assertTrue(wrong.contains("argument 0 as a 32-bit integer"), wrong);
            try (Device other = provider.open(Ranks.config(1, false)); Stream foreign = other.openStream("other")) {
                assertThrows(DeviceException.class,
                        () -> foreign.launch(Launch.of(module.kernel("wrong"), KernelArg.of(1))));
            }
            module.close();
            assertThrows(DeviceException.class, () -> module.kernel("wrong"));
        }
    }

    @Test
    void twoDevicesShareNothing() {
        try (Device one = provider.open(Ranks.config(2, false)); Device two = provider.open(Ranks.config(2, true))) {
            one.allocate(64, "only here");
            assertEquals(Map.of(), two.allocatedBytes());
            assertNotEquals(one.ops(), two.ops());
            try (Stream stream = one.openStream("of one")) {
                Tensor here = Values.tensor(two, DType.F32, 4);
                assertThrows(DeviceException.class,
                        () -> two.ops().elementwise().add(stream, here, here, here));
            }
        }
    }

    @Test
    void closingIsIdempotentAndFreesEverything() {
        Device device = provider.open(DeviceConfig.defaults());
        Memory memory = device.allocate(64, "left");
        Stream stream = device.openStream("left");
        device.load(KernelSource.cpu("left", Map.of("k", launch -> {
        })));
        device.close();
        device.close();
        assertFalse(memory.isLive());
        assertEquals(Map.of(), device.allocatedBytes());
        assertThrows(DeviceException.class, () -> device.openStream("late"));
        assertThrows(DeviceException.class, () -> device.allocate(1, "late"));
        assertThrows(DeviceException.class,
                () -> stream.upload(MemorySegment.ofArray(new float[1]), Tensor.of(memory, 0, DType.F32, 1)));
    }

    @Test
    void impossibleDevicesAreRefused() {
        assertThrows(DeviceException.class, () -> provider.open(DeviceConfig.defaults().withOrdinal(1)));
        assertThrows(DeviceException.class, () -> provider.open(DeviceConfig.defaults().withThreads(0)));
    }
}
