package io.moe4j.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Event;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The contract of devices, without operations and peer memory: memory, streams, events, transfers, counted waits.
 *
 * @since 0.1.0
 */
@Stability(Stability.Level.EVOLVING)
public abstract class DeviceContract {
    private Device device;
    private Stream stream;
    private HostValues values;

    /** For subclasses. */
    protected DeviceContract() {}

    /** The device. */
    protected abstract DeviceProvider provider();

    /** How the device is opened. */
    protected DeviceConfig deviceConfig() {
        return DeviceConfig.defaults();
    }

    /** Memory of more than 2³² bytes, of which little is touched. Override it if the device's own memory would be too large for the machine. */
    protected Memory hugeMemory(Device from, long bytes) {
        return from.allocate(bytes, "contract huge");
    }

    /** Opens the device and a stream. */
    @BeforeEach
    public void open() {
        device = provider().open(deviceConfig());
        stream = device.openStream("contract");
        values = new HostValues(device, stream);
    }

    /** Closes both, the device twice. */
    @AfterEach
    public void close() {
        values.close();
        stream.close();
        device.close();
        device.close();
    }

    /** Id, version, probe and kind keep the rules of providers; sizes are known without a device. */
    @Test
    public void providerIsWellBehaved() {
        ProviderChecks.isWellBehaved(provider(), DeviceProvider.SPI_VERSION);
        assertEquals(provider().kind(), device.kind());
        assertEquals(provider().workspaceSizes().rmsNormBackward(100, 64),
                device.workspaceSizes().rmsNormBackward(100, 64));
        assertEquals(deviceConfig(), device.config());
        assertTrue(device.capacityBytes() > 0 && !device.description().isBlank());
    }

    /** Memory is aligned, counted by purpose, and given back once. */
    @Test
    public void memoryIsCounted() {
        Memory one = device.allocate(1000, "ones");
        Memory none = device.allocate(0, "nothing");
        Memory two = device.allocate(24, "ones");
        assertEquals(1024, device.allocatedBytes().get("ones"));
        assertEquals(0, one.address() % 256);
        assertEquals(0, two.address() % 256);
        assertTrue(one.isLive());
        assertEquals("ones", one.purpose());
        one.close();
        one.close();
        none.close();
        assertFalse(one.isLive());
        assertEquals(24, device.allocatedBytes().get("ones"));
        two.close();
        assertEquals(0, device.allocatedBytes().getOrDefault("ones", 0L));
    }

    /** More memory than there is is refused, with a message that has size and purpose. */
    @Test
    public void tooMuchIsRefused() {
        long bytes = device.capacityBytes() * 4;
        DeviceException refusal = assertThrows(DeviceException.class, () -> device.allocate(bytes, "far too much"));
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains("far too much") && message.contains(Long.toString(bytes)), message);
    }

    /** Values of every type are uploaded, read back, copied and filled, in tensors of 0 to 100,003 elements. */
    @Test
    public void transfersKeepValues() {
        Random random = new Random(7);
        for (DType type : HostValues.types(device)) {
            for (int count : new int[] {0, 1, 2, 3, 17, 255, 100_003}) {
                double[] numbers = random.doubles(count, -1000, 1000)
                        .map(value -> type.isFloating() ? Rounding.to(type, value) : (int) value).toArray();
                Tensor tensor = values.of(type, numbers, count);
                Tensor copy = values.tensor(type, count);
                stream.copy(tensor, copy);
                stream.fill(tensor, -3);
                assertArrayEquals(numbers, HostValues.read(stream, copy), type + " of " + count);
                double[] filled = new double[count];
                Arrays.fill(filled, -3);
                assertArrayEquals(filled, HostValues.read(stream, tensor), type + " of " + count + ", filled");
            }
        }
    }

    /** A fill converts to the type; NaN and infinity, too. */
    @Test
    public void fillsConvert() {
        for (DType type : new DType[] {DType.F32, DType.BF16}) {
            Tensor tensor = values.tensor(type, 5);
            for (double value : new double[] {0, 1.0 / 3, -1e30, Double.NaN, Double.NEGATIVE_INFINITY}) {
                stream.fill(tensor, value);
                assertEquals(Double.isNaN(value) ? value : Rounding.to(type, value),
                        HostValues.read(stream, tensor)[4], type + " filled with " + value);
            }
        }
    }

    /** An upload takes its bytes before it returns; work runs in the order in which it was enqueued. */
    @Test
    public void streamsAreOrdered() {
        Tensor source = values.tensor(DType.I32, 1000);
        Tensor all = values.tensor(DType.I32, 50, 1000);
        for (int i = 0; i < 50; i++) {
            double[] numbers = new double[1000];
            Arrays.fill(numbers, i);
            HostValues.write(stream, source, numbers);
            stream.copy(source, all.select(i));
        }
        double[] read = HostValues.read(stream, all);
        for (int i = 0; i < read.length; i++) {
            int written = i / 1000;
            assertEquals(written, read[i], "element " + i);
        }
    }

    /** Only calls that wait are counted. */
    @Test
    public void waitsAreCounted() {
        Tensor tensor = values.of(DType.F32, new double[10], 10);
        Tensor other = values.tensor(DType.F32, 10);
        long before = stream.hostSyncs();
        stream.fill(tensor, 1);
        stream.copy(tensor, other);
        device.ops().elementwise().add(stream, tensor, other, other);
        stream.await(stream.record());
        HostValues.write(stream, tensor, new double[10]);
        assertEquals(before, stream.hostSyncs(), "calls that only enqueue");
        stream.synchronize();
        assertEquals(before + 1, stream.hostSyncs());
        HostValues.read(stream, other);
        assertEquals(before + 2, stream.hostSyncs());
    }

    /** A stream that awaits another's event runs after it; the time between two events is that of the work. */
    @Test
    public void eventsOrderStreams() {
        Tensor big = values.tensor(DType.F32, 1 << 22);
        Tensor result = values.tensor(DType.F32, 1 << 22);
        try (Stream other = device.openStream("other")) {
            for (int i = 1; i <= 20; i++) {
                Event start = stream.record();
                stream.fill(big, i);
                Event end = stream.record();
                other.await(end);
                other.copy(big, result);
                stream.await(other.record());
                double[] read = HostValues.read(other, result.slice(0, (1 << 22) - 3, 1 << 22));
                assertArrayEquals(new double[] {i, i, i}, read);
                double seconds = end.secondsSince(start);
                assertTrue(seconds >= 0 && seconds < 60, "seconds " + seconds);
            }
            other.synchronize();
        }
    }

    /**
     * Memory of the host begins as zeros, is counted by purpose, and is accepted by all calls that take tensors; events order its use like that of the
     * device's memory.
     *
     * @since 0.3.0
     */
    @Test
    public void hostMemoryIsReached() {
        int count = 1 << 18;
        try (Memory memory = device.allocateHost(4L * count, "contract host"); Stream other = device.openCopyStream(
                "copies")) {
            long counted = device.allocatedBytes().getOrDefault("contract host", 0L)
                    + device.allocatedHostBytes().getOrDefault("contract host", 0L);
            assertEquals(4L * count, counted);
            assertEquals(0, memory.address() % 256);
            Tensor host = Tensor.of(memory, 0, DType.F32, count);
            assertArrayEquals(new double[count], HostValues.read(stream, host));
            Tensor here = values.tensor(DType.F32, count);
            stream.fill(here, 0);
            for (int i = 1; i <= 20; i++) {
                other.await(stream.record());
                other.copy(host, here);
                stream.await(other.record());
                device.ops().elementwise().accumulate(stream, host, 1, here);
                stream.fill(host.slice(0, 0, 1), i);
                other.await(stream.record());
                other.copy(here.slice(0, 1, count), host.slice(0, 1, count));
                stream.await(other.record());
                if (i == 1) {
                    HostValues.write(stream, host.slice(0, 1, 2), new double[] {1});
                }
            }
            double[] read = HostValues.read(stream, host);
            assertEquals(20, read[0]);
            assertEquals(1 << 19, read[1], "doubled nineteen times");
            assertEquals(0, read[count - 1]);
            MemorySegment bytes = device.hostBytes(memory);
            assertEquals(4L * count, bytes.byteSize());
            assertEquals(20, bytes.get(ValueLayout.JAVA_FLOAT, 0), "the host sees what a stream has written");
            bytes.set(ValueLayout.JAVA_FLOAT, 4, 7);
            assertEquals(7, HostValues.read(stream, host)[1], "a stream sees what the host has written");
        }
        assertFalse(device.allocatedBytes().containsKey("contract host"));
        assertFalse(device.allocatedHostBytes().containsKey("contract host"));
    }

    /** Data beyond 2³² bytes is written and read at the right place. */
    @Test
    public void addressesAre64Bits() {
        long far = (1L << 32) + 4096;
        try (Memory memory = hugeMemory(device, far + 64)) {
            Tensor near = Tensor.of(memory, 4096, DType.I32, 16);
            Tensor beyond = Tensor.of(memory, far, DType.I32, 16);
            stream.fill(near, 1);
            stream.fill(beyond, 2);
            assertEquals(1, HostValues.read(stream, near)[0], "the same address but for 2³²");
            assertEquals(2, HostValues.read(stream, beyond)[15]);
            stream.copy(beyond, near);
            assertEquals(2, HostValues.read(stream, near)[15]);
        }
    }

    /** Two devices share nothing, and closing one leaves the other alone. */
    @Test
    public void devicesShareNothing() {
        Tensor tensor = values.of(DType.F32, new double[] {4}, 1);
        try (Device other = provider().open(deviceConfig()); Stream otherStream = other.openStream("other")) {
            other.allocate(100, "of the other");
            assertFalse(device.allocatedBytes().containsKey("of the other"));
            otherStream.synchronize();
        }
        assertEquals(4, HostValues.read(stream, tensor)[0]);
    }
}
