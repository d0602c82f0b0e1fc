package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.tensor.Tensor;

record PlanningRopeOps(WorkMeter work) implements RopeOps {

    @Override
    public void rotate(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        PlanningChecks.live("rope", cosSin_SR);
        PlanningChecks.sameShape("rope", x_THR, out_THR);
        work.move(x_THR, out_THR);
    }

    @Override
    public void rotateHalves(Stream stream, Tensor x_THR, Tensor cosSin_SR, boolean inverse, Tensor out_THR) {
        rotate(stream, x_THR, cosSin_SR, inverse, out_THR);
    }

    @Override
    public void rotateAt(Stream stream, AtPositions a) {
        PlanningChecks.live("rope", a.positions_T());
        PlanningChecks.sameRows("rope", a.x_THR(), a.positions_T());
        rotate(stream, a.x_THR(), a.cosSin_SR(), a.inverse(), a.out_THR());
    }
}
