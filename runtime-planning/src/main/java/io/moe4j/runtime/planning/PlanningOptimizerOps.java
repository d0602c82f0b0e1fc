package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

record PlanningOptimizerOps(WorkMeter work) implements OptimizerOps {

    @Override
    public void adamw(Stream stream, AdamW a) {
        PlanningChecks.sameShape("adamw", a.parameter(), a.gradient(), a.firstMoment(), a.secondMoment());
        work.move(a.parameter(), a.parameter(), a.gradient(), a.firstMoment(), a.firstMoment(), a.secondMoment(),
                a.secondMoment());
    }

    @Override
    public boolean adamwConverted(Stream stream, AdamW a, Tensor converted) {
        adamw(stream, a);
        PlanningChecks.sameShape("adamw", a.parameter(), converted);
        a.requireConvertible(converted);
        work.move(converted);
        return true;
    }

    @Override
    public void momentum(Stream stream, Momentum a) {
        PlanningChecks.sameShape("momentum", a.gradient(), a.momentum(), a.update());
        work.move(a.gradient(), a.momentum(), a.momentum(), a.update());
    }

    @Override
    public void normalize(Stream stream, Tensor x, Tensor sum, float least, Tensor out) {
        PlanningChecks.sameShape("normalize", x, out);
        PlanningChecks.live("normalize", sum);
        work.move(x, out);
    }

    @Override
    public void descend(Stream stream, Descent a) {
        PlanningChecks.sameShape("descend", a.parameter(), a.update());
        work.move(a.parameter(), a.parameter(), a.update());
    }

    @Override
    public void sumOfSquares(Stream stream, Tensor x, Tensor sum, Optional<Tensor> workspace) {
        PlanningChecks.live("sum of squares", x, sum);
        work.move(x);
        workspace.ifPresent(scratch -> PlanningChecks.live("sum of squares", scratch));
    }
}
