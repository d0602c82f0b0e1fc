package io.moe4j.kernels.swiglu;

import io.moe4j.api.device.CpuKernel;
import io.moe4j.api.device.KernelSource;
import io.moe4j.api.tensor.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The names of the kernels, with their Java implementations. */
final class CpuKernels {

    private CpuKernels() {}

    static KernelSource source(PanelScratch scratch) {
        CpuGrouped grouped = new CpuGrouped(scratch);
        Map<String, CpuKernel> kernels = new HashMap<>();
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            String type = dtype.name().toLowerCase(Locale.ROOT);
            kernels.put("grouped_forward_" + type, launch -> grouped.forward(launch, dtype));
            kernels.put("grouped_input_gradient_" + type, launch -> grouped.inputGradient(launch, dtype));
            kernels.put("grouped_weight_gradient_" + type + "_f32",
                    launch -> grouped.weightGradient(launch, dtype, DType.F32));
            kernels.put("swiglu_forward_" + type, launch -> CpuSwiGlu.forward(launch, dtype));
            kernels.put("swiglu_backward_" + type, launch -> CpuSwiGlu.backward(launch, dtype));
        }
        kernels.put("grouped_weight_gradient_bf16_bf16",
                launch -> grouped.weightGradient(launch, DType.BF16, DType.BF16));
        for (DType rows : List.of(DType.F32, DType.BF16, DType.F8_E4M3)) {
            kernels.put("quantize_rows_" + rows.name().toLowerCase(Locale.ROOT) + "_f8_e4m3",
                    launch -> CpuRowQuantization.quantize(launch, rows));
        }
        for (DType result : List.of(DType.F32, DType.BF16)) {
            String types = "_f8_e4m3_" + result.name().toLowerCase(Locale.ROOT);
            kernels.put("grouped_forward" + types, launch -> CpuScaledGrouped.forward(launch, result));
            kernels.put("grouped_input_gradient" + types, launch -> CpuScaledGrouped.inputGradient(launch, result));
            kernels.put("grouped_weight_gradient" + types, launch -> CpuScaledGrouped.weightGradient(launch, result));
        }
        return KernelSource.cpu("swiglu", kernels);
    }
}
