package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.Tensor;

record PlanningNormOps(WorkMeter work) implements NormOps {

    @Override
    public void forward(Stream stream, Tensor x_TD, Tensor weight_D, float eps, Tensor y_TD, Tensor rstd_T) {
        PlanningChecks.sameShape("rms norm", x_TD, y_TD);
        row("rms norm", x_TD, weight_D);
        PlanningChecks.sameRows("rms norm", x_TD, rstd_T);
        work.move(x_TD, y_TD);
    }

    @Override
    public void backward(Stream stream, Backward a) {
        PlanningChecks.sameShape("rms norm's gradient", a.dy_TD(), a.x_TD(), a.dx_TD());
        row("rms norm's gradient", a.x_TD(), a.weight_D());
        row("rms norm's gradient", a.x_TD(), a.dweight_D());
        PlanningChecks.sameRows("rms norm's gradient", a.x_TD(), a.rstd_T());
        a.workspace().ifPresent(workspace -> PlanningChecks.live("rms norm's gradient", workspace));
        work.move(a.dy_TD(), a.x_TD(), a.dx_TD());
    }

    private static void row(String operation, Tensor x_TD, Tensor weight_D) {
        PlanningChecks.live(operation, weight_D);
        PlanningChecks.that(weight_D.elements() == x_TD.dim(1), operation, "there is a weight for each column", x_TD,
                weight_D);
    }
}
