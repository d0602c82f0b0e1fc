package io.moe4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.ExpertKernelsProvider;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.BFloat16;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Scales;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.safetensors.SafetensorsFile;
import io.moe4j.tests.contract.SingleRank;
import io.moe4j.trainer.plugins.Plugins;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The numbers of make_fp8.py, and a CPU device with expert kernels to compute the same. */
final class Float8Golden implements AutoCloseable {
    private final SafetensorsFile file = SafetensorsFile.open(Goldens.path("fp8"));
    private final Device device;
    private final SingleRank rank;
    private final ExpertKernels kernels;
    private final Memory memory;
    private long used;

    /** Which elements of a matrix share a scale. */
    enum Blocks {
        ROWS(1, Scales.BLOCK), COLUMNS(Scales.BLOCK, 1), SQUARES(Scales.BLOCK, Scales.BLOCK);

        private final long rows;
        private final long columns;

        Blocks(long rows, long columns) {
            this.rows = rows;
            this.columns = columns;
        }
    }

    Float8Golden() {
        Registry registry = Plugins.load(List.of());
        device = registry.get(DeviceProvider.class, "cpu").open(DeviceConfig.defaults().withStrict(true));
        rank = SingleRank.on(device);
        kernels = registry.get(ExpertKernelsProvider.class, "swiglu").open(rank.context());
        memory = device.allocate(1 << 21, "golden");
    }

    Device device() {
        return device;
    }

    Stream stream() {
        return rank.context().stream();
    }

    ExpertKernels kernels() {
        return kernels;
    }

    boolean has(String name) {
        return file.tensors().containsKey(name);
    }

    float[] floats(String name) {
        return file.data(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    double[] doubles(String name) {
        return file.data(name).toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }

    byte[] bytes(String name) {
        return file.data(name).toArray(ValueLayout.JAVA_BYTE);
    }

    /** A matrix of the file, on the device. */
    Tensor matrix(String name) {
        List<Long> shape = file.entry(name).shape();
        Tensor tensor = tensor(file.entry(name).dtype(), shape.get(0), shape.get(1));
        stream().upload(file.data(name), tensor);
        return tensor;
    }

    /** Offsets of experts' rows. */
    Tensor offsets(int... offsets_e) {
        Tensor tensor = tensor(DType.I32, offsets_e.length);
        try (Arena arena = Arena.ofConfined()) {
            stream().upload(arena.allocateFrom(ValueLayout.JAVA_INT, offsets_e), tensor);
        }
        return tensor;
    }

    /** A tensor whose elements are still to be computed. */
    Tensor tensor(DType type, long... shape) {
        Tensor tensor = Tensor.of(memory, used, type, shape);
        used += Math.ceilDiv(tensor.bytes(), 64) * 64;
        return tensor;
    }

    /** A matrix in 8 bits with scales, all still to be computed. */
    Tensor scaled(Blocks blocks, long rows, long columns) {
        Tensor scales = tensor(DType.F32, Math.ceilDiv(rows, blocks.rows), Math.ceilDiv(columns, blocks.columns));
        return tensor(DType.F8_E4M3, rows, columns)
                .withScales(Optional.of(new Scales(scales, List.of(blocks.rows, blocks.columns))));
    }

    /** A matrix of the file, quantized by the device; its numbers and scales must be those of the file. */
    Float8Operand quantized(String name, Blocks blocks) {
        Tensor x = matrix(name);
        Tensor scaled = scaled(blocks, x.dim(0), x.dim(1));
        device.ops().scaling().orElseThrow().quantize(stream(), x, scaled);
        return same(name, blocks, scaled);
    }

    /** What was quantized, if it has the bits of the file. */
    Float8Operand same(String name, Blocks blocks, Tensor scaled) {
        String at = name + "." + blocks.name().toLowerCase(Locale.ROOT);
        float[] scales = floats(at + ".scales");
        float[] foundScales = floats(scaled.scales().orElseThrow().values());
        assertEquals(scales.length, foundScales.length, at + ".scales");
        for (int i = 0; i < scales.length; i++) {
            assertEquals(Float.floatToIntBits(scales[i]), Float.floatToIntBits(foundScales[i]),
                    at + ".scales[" + i + "]: expected " + scales[i] + ", was " + foundScales[i]);
        }
        byte[] numbers = bytes(at + ".numbers");
        byte[] found = download(scaled.withScales(Optional.empty()));
        assertEquals(numbers.length, found.length, at + ".numbers");
        for (int i = 0; i < numbers.length; i++) {
            assertEquals(numbers[i], found[i], at + ".numbers[" + i + "]");
        }
        return Float8Operand.of(scaled, numbers, scales);
    }

    /** The elements of a dense tensor. */
    double[] read(Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.elements())];
        MemorySegment bytes = MemorySegment.ofArray(download(tensor));
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.dtype() == DType.BF16
                    ? BFloat16.widen(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i))
                    : bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
        }
        return values;
    }

    private float[] floats(Tensor tensor) {
        return MemorySegment.ofArray(download(tensor)).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private byte[] download(Tensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(tensor.bytes(), 16);
            stream().download(tensor, host);
            return host.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Override
    public void close() {
        kernels.close();
        rank.close();
        memory.close();
        device.close();
        file.close();
    }
}
