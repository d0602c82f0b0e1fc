package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.DeviceKind;
import io.moe4j.api.device.KernelSource;
import java.util.Map;

/** The CUDA implementations of the kernels: the binary that the build makes of the {@code .cu} files. It is absent if the build had no nvcc. */
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
