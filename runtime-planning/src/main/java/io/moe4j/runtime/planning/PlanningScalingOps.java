package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

record PlanningScalingOps(WorkMeter work) implements ScalingOps {

    @Override
    public void quantize(Stream stream, Tensor x, Tensor scaled) {
        quantizeEach(stream, x, List.of(scaled));
    }

    /** Reads x once. */
    @Override
    public void quantizeEach(Stream stream, Tensor x, List<Tensor> scaled) {
        for (Tensor one : scaled) {
            PlanningChecks.sameShape("quantization", x, one);
            PlanningChecks.that(one.dtype().isScaled() && one.scales().isPresent(), "quantization",
                    "the result has scales", x, one);
            work.move(one);
        }
        work.move(x);
    }

    @Override
    public void dequantize(Stream stream, Tensor scaled, Tensor x) {
        PlanningChecks.sameShape("dequantization", scaled, x);
        work.move(scaled, x);
    }
}
