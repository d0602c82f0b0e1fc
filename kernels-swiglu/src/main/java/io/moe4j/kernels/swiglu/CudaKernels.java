package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;

/** The kernels' CUDA implementations: what the build made of the {@code .cu} files. They are missing where the build had no nvcc. */
final class CudaKernels {
    private static final String BINARY = "kernels.fatbin";

    private CudaKernels() {}

    static boolean exist() {
        return CudaKernels.class.getResource(BINARY) != null;
    }

    static KernelSource source() {
        return new KernelSource("swiglu", Map.of(), Map.of(DeviceKind.CUDA, CudaKernels::binary));
    }

    private static byte[] binary() {
        try (InputStream in = CudaKernels.class.getResourceAsStream(BINARY)) {
            return Objects.requireNonNull(in, BINARY).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + BINARY, e);
        }
    }
}
