package io.moe4j.tests.gpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.spi.Provider;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.ServiceLoader;

/** An open GPU with one stream, and tensors that are freed with it. */
final class Gpu implements AutoCloseable {
    final Device device;
    final Stream stream;
    private final Deque<Memory> memories = new ArrayDeque<>();

    private Gpu(Device device, String name) {
        this.device = device;
        this.stream = device.openStream(name);
    }

    static Gpu open() {
        return new Gpu(openDevice(Duration.ofSeconds(20)), "test");
    }

    /** A further rank on the same device. Closing it leaves the device open. */
    static Gpu on(Device device, String name) {
        return new Gpu(device, name);
    }

    static Device openDevice(Duration timeout) {
        return openDevice(timeout, 0);
    }

    static Device openDevice(Duration timeout, int ordinal) {
        DeviceProvider cuda = provider(ServiceLoader.load(DeviceProvider.class), "cuda");
        return cuda.open(DeviceConfig.defaults().withTimeout(timeout).withOrdinal(ordinal));
    }

    static <P extends Provider> P provider(ServiceLoader<P> loader, String id) {
        for (P provider : loader) {
            if (provider.id().equals(id)) {
                return provider;
            }
        }
        throw new AssertionError("no provider " + id);
    }

    /** Fresh memory, filled with 0xFF: NaN in both floating-point types, so that elements that were never written are noticed. */
    Tensor tensor(DType dtype, long... shape) {
        return padded(dtype, 0, shape);
    }

    /** Like {@link #tensor}, but the tensor begins {@code skip} elements into its memory. */
    Tensor padded(DType dtype, long skip, long... shape) {
        Memory memory = device.allocate(Tensor.bytes(dtype, shape) + (skip + 64) * dtype.bytes(), "tests");
        synchronized (memories) {
            memories.push(memory);
        }
        long words = memory.bytes() / 8;
        stream.fill(Tensor.of(memory, 0, DType.I64, words), -1);
        return Tensor.of(memory, skip * dtype.bytes(), dtype, shape);
    }

    Tensor floats(DType dtype, double[] values, long... shape) {
        Tensor tensor = tensor(dtype, shape);
        write(tensor, values);
        return tensor;
    }

    Tensor ints(int[] values, long... shape) {
        Tensor tensor = tensor(DType.I32, shape);
        try (Arena arena = Arena.ofConfined()) {
            stream.upload(arena.allocateFrom(ValueLayout.JAVA_INT, values), tensor);
        }
        return tensor;
    }

    /** Writes row-major values into a dense tensor, rounded to its type. */
    void write(Tensor tensor, double[] values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(1, tensor.bytes()), 16);
            for (int i = 0; i < values.length; i++) {
                if (tensor.dtype() == DType.BF16) {
                    host.setAtIndex(ValueLayout.JAVA_SHORT, i, Reference.bf16Bits((float) values[i]));
                } else {
                    host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                }
            }
            stream.upload(host, tensor);
        }
    }

    double[] read(Tensor tensor) {
        Tensor dense = tensor;
        if (!tensor.isContiguous()) {
            dense = tensor(tensor.dtype(), tensor.shape().stream().mapToLong(Long::longValue).toArray());
            device.ops().elementwise().copy(stream, tensor, dense);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(1, dense.bytes()), 16);
            stream.download(dense, host);
            double[] values = new double[Math.toIntExact(dense.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (dense.dtype()) {
                    case F32 -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    case BF16 -> Float.intBitsToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
                    case I32 -> host.getAtIndex(ValueLayout.JAVA_INT, i);
                    case I64 -> host.getAtIndex(ValueLayout.JAVA_LONG, i);
                    case F8_E4M3 -> Float8.widen(host.get(ValueLayout.JAVA_BYTE, i));
                };
            }
            return values;
        }
    }

    /** Closes the stream and frees the tensors, but not the device. */
    void release() {
        stream.close();
        synchronized (memories) {
            memories.forEach(Memory::close);
            memories.clear();
        }
    }

    @Override
    public void close() {
        release();
        device.close();
    }
}
