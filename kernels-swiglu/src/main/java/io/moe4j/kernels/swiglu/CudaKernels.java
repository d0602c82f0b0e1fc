package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.util.Map;

/** The kernels' CUDA implementations: what the build made of the {@code .cu} files. They are missing where the build had no nvcc. */
final class CudaKernels {

    private CudaKernels() {}

    static boolean exist() {
        return source().supports(DeviceKind.CUDA);
    }

    static KernelSource source() {
        return KernelSource.cpu("swiglu", Map.of()).withResource(DeviceKind.CUDA,
                () -> CudaKernels.class.getResourceAsStream("kernels.fatbin"));
    }
}
