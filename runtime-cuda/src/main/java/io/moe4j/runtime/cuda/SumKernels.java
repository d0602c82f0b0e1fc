package io.moe4j.runtime.cuda;

import io.moe4j.api.Stability;
import io.moe4j.api.device.DeviceException;
import io.moe4j.api.tensor.DType;

/**
 * Names of the kernels in {@code collectives.cu} that sum over ranks, in rank order. The sum of floating-point numbers is computed in single precision, and
 * may have another type than its terms.
 *
 * @since 0.3.0
 */
@Stability(Stability.Level.INTERNAL)
public final class SumKernels {

    private SumKernels() {}

    /** Sums the tensors at the addresses in a table, one for each rank. */
    public static String ofTable(DType terms, DType sum) {
        return terms.isFloating() ? "reduce_" + name(terms) + "_" + name(sum) : "reduce_" + name(terms);
    }

    /** Sums this rank's terms, and the terms that were received from the others. */
    public static String ofReceived(DType own, DType sum) {
        return "reduce_received_" + name(own) + "_" + name(sum);
    }

    private static String name(DType dtype) {
        return switch (dtype) {
            case F32 -> "f32";
            case BF16 -> "bf16";
            case I32 -> "i32";
            case I64 -> "i64";
            case F8_E4M3 -> throw new DeviceException(
                    "a sum over ranks of " + dtype + ", whose scales differ; dequantize, and sum F32 or BF16");
        };
    }
}
