package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.tensor.Tensor;

record PlanningActivationOps(WorkMeter work) implements ActivationOps {

    @Override
    public void swiglu(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor h_TF) {
        PlanningChecks.sameShape("swiglu", gate_TF, up_TF, h_TF);
        work.move(gate_TF, up_TF, h_TF);
    }

    @Override
    public void swigluBackward(Stream stream, Tensor gate_TF, Tensor up_TF, Tensor dh_TF, Tensor dgate_TF,
            Tensor dup_TF) {
        PlanningChecks.sameShape("swiglu's gradient", gate_TF, up_TF, dh_TF, dgate_TF, dup_TF);
        work.move(gate_TF, up_TF, dh_TF, dgate_TF, dup_TF);
    }
}
