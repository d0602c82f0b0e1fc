package io.moe4j.runtime.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.KernelModule;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.device.Launch;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cpu.engine.Addresses;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** The strict device behaves like a GPU, and at once reports faults that would show only later on a GPU. */
class StrictTest {
    private static final int NAN = 0x7FC0_7FC0;

    private static Device open() {
        return new CpuDeviceProvider().open(Ranks.config(2, true));
    }

    @Test
    void freshMemoryIsNaN() {
        try (Device device = open(); Stream stream = device.openStream("rank 0")) {
            for (int bit : Values.bits(stream, Values.tensor(device, DType.I32, 1000))) {
                assertEquals(NAN, bit);
            }
            assertTrue(Float.isNaN(Float.intBitsToFloat(NAN)));
            assertTrue(Float.isNaN(Float.intBitsToFloat(NAN << 16)));
        }
    }

    @Test
    void freedMemoryIsNaNForAWhile() {
        try (Device device = open(); Stream stream = device.openStream("rank 0")) {
            Tensor tensor = Values.floats(device, stream, 100, i -> i);
            stream.synchronize();
            long address = tensor.address();
            tensor.memory().close();
            for (int i = 0; i < 100; i++) {
                assertEquals(NAN, Addresses.ALL.get(JAVA_INT_UNALIGNED, address + 4L * i));
            }
            String message = assertThrows(DeviceException.class, () -> stream.fill(tensor, 1)).getMessage();
            assertTrue(message.contains("fill on stream rank 0 uses memory \"test\""), message);
        }
    }

    @Test
    void memoryIsCheckedWhenTheCommandRuns() {
        try (Device device = open(); Stream stream = device.openStream("rank 0")) {
            CountDownLatch gate = new CountDownLatch(1);
            block(device, stream, gate);
            Memory memory = device.allocate(400, "early");
            stream.fill(Tensor.of(memory, 0, DType.F32, 100), 1);
            memory.close();
            gate.countDown();
            String message = assertThrows(DeviceException.class, stream::synchronize).getMessage();
            assertTrue(message.contains("\"early\"") && message.contains("freed"), message);
        }
    }

    @Test
    void callsReturnBeforeTheWorkIsDone() {
        try (Device device = open(); Stream stream = device.openStream("rank 0")) {
            CountDownLatch gate = new CountDownLatch(1);
            block(device, stream, gate);
            float[] host = {1, 2};
            Tensor tensor = Values.tensor(device, DType.F32, 2);
            stream.upload(MemorySegment.ofArray(host), tensor);
            host[0] = 9;
            gate.countDown();
            assertArrayEquals(new float[] {1, 2}, Values.read(stream, tensor));
        }
    }

    @Test
    void theFirstFailureIsThrownByTheNextWaitAndNothingRunsMeanwhile() {
        try (Device device = open(); Stream stream = device.openStream("rank 0")) {
            List<String> ran = new CopyOnWriteArrayList<>();
            IllegalStateException first = new IllegalStateException("first");
            KernelModule kernels = device.load(KernelSource.cpu("failing", Map.of("first", launch -> {
                throw first;
            }, "second", launch -> {
                ran.add("second");
                throw new IllegalStateException("second");
            }, "third", launch -> ran.add("third"))));
            stream.launch(Launch.of(kernels.kernel("first")));
            stream.launch(Launch.of(kernels.kernel("second")));
            assertSame(first, assertThrows(IllegalStateException.class, stream::synchronize));
            assertEquals(List.of(), ran);
            stream.launch(Launch.of(kernels.kernel("third")));
            stream.synchronize();
            assertEquals(List.of("third"), ran);
        }
    }

    @Test
    void anEventOrdersStreamsAndCarriesFailures() {
        try (Device device = open(); Stream first = device.openStream("first");
                Stream second = device.openStream("second")) {
            CountDownLatch gate = new CountDownLatch(1);
            Tensor tensor = Values.tensor(device, DType.F32, 3);
            Tensor copy = Values.tensor(device, DType.F32, 3);
            Event start = first.record();
            block(device, first, gate);
            first.fill(tensor, 4);
            Event filled = first.record();
            second.await(filled);
            second.copy(tensor, copy);
            gate.countDown();
            assertArrayEquals(new float[] {4, 4, 4}, Values.read(second, copy));
            assertTrue(filled.secondsSince(start) > 0);

            KernelModule kernels = device.load(KernelSource.cpu("failing", Map.of("fail", launch -> {
                throw new IllegalStateException("upstream");
            })));
            first.launch(Launch.of(kernels.kernel("fail")));
            second.await(first.record());
            assertEquals("upstream",
                    assertThrows(IllegalStateException.class, second::synchronize).getMessage());
            assertThrows(IllegalStateException.class, first::synchronize);
        }
    }

    private static void block(Device device, Stream stream, CountDownLatch gate) {
        KernelModule kernels = device.load(KernelSource.cpu("gate", Map.of("wait", launch -> launch
                .await(() -> gate.getCount() == 0, () -> "the gate"))));
        stream.launch(Launch.of(kernels.kernel("wait")));
    }
}
