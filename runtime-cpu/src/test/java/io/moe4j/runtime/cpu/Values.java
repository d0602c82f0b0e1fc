package io.moe4j.runtime.cpu;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.Stream;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntToDoubleFunction;

/** Writes and reads tensors through the device's uploads and downloads. */
public final class Values {
    private Values() {}

    public static Tensor tensor(Device device, DType type, long... shape) {
        return Tensor.of(device.allocate(Tensor.bytes(type, shape), "test"), 0, type, shape);
    }

    public static Tensor floats(Device device, Stream stream, int count, IntToDoubleFunction value) {
        Tensor tensor = tensor(device, DType.F32, count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) value.applyAsDouble(i);
        }
        stream.upload(MemorySegment.ofArray(values), tensor);
        return tensor;
    }

    public static float[] read(Stream stream, Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        stream.download(tensor, MemorySegment.ofArray(values));
        return values;
    }

    public static int[] bits(Stream stream, Tensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(Math.max(4, tensor.bytes()), 8);
            stream.download(tensor, host.asSlice(0, tensor.bytes()));
            return host.asSlice(0, tensor.bytes() / 4 * 4).toArray(ValueLayout.JAVA_INT_UNALIGNED);
        }
    }
}
