package io.moe4j.app.doctor;

import io.moe4j.api.device.Device;
import io.moe4j.api.device.DeviceConfig;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.DeviceProvider;
import io.moe4j.api.device.Memory;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.spi.Availability;
import io.moe4j.api.spi.Registry;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Opens the CPU device and multiplies two small matrices, to check that its native code is available and correct. */
final class CpuCheck {
    static final String NAME = "CPU device";
    private static final String NEEDED_FOR = "training on the CPU";
    private static final String REMEDY = "build again (rm -r app/target), and see whether the natives of OpenBLAS for this platform are among its jars";

    private CpuCheck() {}

    static Finding run(Registry registry) {
        try {
            if (registry.get(DeviceProvider.class, "cpu")
                    .probe() instanceof Availability.Unavailable(String reason, String remedy)) {
                return Finding.missing(NAME, reason, NEEDED_FOR, remedy);
            }
            return multiply(registry);
        } catch (RuntimeException | LinkageError e) {
            return broken(e);
        }
    }

    private static Finding multiply(Registry registry) {
        try (Device device = registry.get(DeviceProvider.class, "cpu").open(DeviceConfig.defaults())) {
            float[] product = product(device);
            return Arrays.equals(product, new float[] {19, 22, 43, 50})
                    ? Finding.ok(NAME, device.description(), NEEDED_FOR)
                    : Finding.missing(NAME, "its BLAS gives wrong numbers: " + Arrays.toString(product), NEEDED_FOR,
                            REMEDY);
        }
    }

    /** A device's message has two parts, "what is missing; what to do". */
    private static Finding broken(Throwable e) {
        String message = String.valueOf(e.getMessage());
        int remedy = message.indexOf("; ");
        return e instanceof DeviceException && remedy > 0
                ? Finding.missing(NAME, message.substring(0, remedy), NEEDED_FOR, message.substring(remedy + 2))
                : Finding.missing(NAME, e.toString(), NEEDED_FOR, REMEDY);
    }

    /** Computes [1 2; 3 4] · [5 6; 7 8]. */
    private static float[] product(Device device) {
        float[] host = {1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0};
        try (Stream stream = device.openStream("doctor"); Memory memory = device.allocate(4L * host.length, "doctor")) {
            stream.upload(MemorySegment.ofArray(host), Tensor.of(memory, 0, DType.F32, host.length));
            Tensor c = Tensor.of(memory, 32, DType.F32, 2, 2);
            device.ops().matmul().matmul(stream,
                    Matmul.of(Tensor.of(memory, 0, DType.F32, 2, 2), Tensor.of(memory, 16, DType.F32, 2, 2), c));
            float[] result = new float[4];
            stream.download(c, MemorySegment.ofArray(result));
            return result;
        }
    }
}
