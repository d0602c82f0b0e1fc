package io.moe4j.tests.contract;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Float8;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Tensors with values that the host knows: made on a device, written and read through a stream, freed together. */
final class HostValues implements AutoCloseable {
    private final Device device;
    private final Stream stream;
    private final List<Memory> memories = new ArrayList<>();

    HostValues(Device device, Stream stream) {
        this.device = device;
        this.stream = stream;
    }

    /** The types that tensors on a device can have. */
    static List<DType> types(Device device) {
        return Arrays.stream(DType.values()).filter(type -> !type.isScaled() || device.ops().supports(type)).toList();
    }

    /** An uninitialised tensor. */
    Tensor tensor(DType dtype, long... shape) {
        Memory memory = device.allocate(Math.max(dtype.bytes(), Tensor.bytes(dtype, shape)), "contract values");
        memories.add(memory);
        return Tensor.of(memory, 0, dtype, shape);
    }

    /** A dense tensor with the given values, converted to its type. */
    Tensor of(DType dtype, double[] values, long... shape) {
        Tensor tensor = tensor(dtype, shape);
        write(stream, tensor, values);
        return tensor;
    }

    Tensor of(int[] values, long... shape) {
        return of(DType.I32, IntStream.of(values).asDoubleStream().toArray(), shape);
    }

    /** The values of a dense tensor. */
    double[] read(Tensor tensor) {
        return read(stream, tensor);
    }

    /** Overwrites a dense tensor. */
    static void write(Stream stream, Tensor tensor, double[] values) {
        if (values.length != tensor.elements()) {
            throw new IllegalArgumentException(values.length + " values for " + tensor);
        }
        if (values.length == 0) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 8);
            for (int i = 0; i < values.length; i++) {
                switch (tensor.dtype()) {
                    case F32 -> host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                    case BF16 -> host.setAtIndex(ValueLayout.JAVA_SHORT, i, Rounding.bf16Bits(values[i]));
                    case I32 -> host.setAtIndex(ValueLayout.JAVA_INT, i, (int) values[i]);
                    case F8_E4M3 -> host.set(ValueLayout.JAVA_BYTE, i, Float8.round((float) values[i]));
                    case I64 -> host.setAtIndex(ValueLayout.JAVA_LONG, i, (long) values[i]);
                }
            }
            stream.upload(host, tensor);
        }
    }

    /** The values of a dense tensor. */
    static double[] read(Stream stream, Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.elements())];
        if (values.length == 0) {
            return values;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 8);
            stream.download(tensor, host);
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (tensor.dtype()) {
                    case F32 -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    case BF16 -> Float.intBitsToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
                    case I32 -> host.getAtIndex(ValueLayout.JAVA_INT, i);
                    case F8_E4M3 -> Float8.widen(host.get(ValueLayout.JAVA_BYTE, i));
                    case I64 -> host.getAtIndex(ValueLayout.JAVA_LONG, i);
                };
            }
        }
        return values;
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        for (Memory memory : memories.reversed()) {
            try {
                memory.close();
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        memories.clear();
        if (failure != null) {
            throw failure;
        }
    }
}
