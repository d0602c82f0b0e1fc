package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

final class PlanningOptimizerOps implements OptimizerOps {

    @Override
    public void adamw(Stream stream, AdamW a) {
        PlanningChecks.sameShape("adamw", a.parameter(), a.gradient(), a.firstMoment(), a.secondMoment());
    }

    @Override
    public void sumOfSquares(Stream stream, Tensor x, Tensor sum, Optional<Tensor> workspace) {
        PlanningChecks.live("sum of squares", x, sum);
        workspace.ifPresent(scratch -> PlanningChecks.live("sum of squares", scratch));
    }
}
