package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.tensor.Tensor;

record PlanningElementwiseOps(WorkMeter work) implements ElementwiseOps {

    @Override
    public void copy(Stream stream, Tensor source, Tensor destination) {
        PlanningChecks.sameShape("copy", source, destination);
        work.move(source, destination);
    }

    @Override
    public void add(Stream stream, Tensor a, Tensor b, Tensor out) {
        PlanningChecks.sameShape("add", a, b, out);
        work.move(a, b, out);
    }

    @Override
    public void accumulate(Stream stream, Tensor x, float factor, Tensor accumulator) {
        PlanningChecks.sameShape("accumulate", x, accumulator);
        work.move(x, accumulator, accumulator);
    }

    @Override
    public void digest(Stream stream, Tensor x, Tensor digest) {
        PlanningChecks.live("digest", x, digest);
        work.move(x);
    }

    @Override
    public void sumMiddle(Stream stream, Tensor source_THR, Tensor destination_TR, boolean accumulate) {
        PlanningChecks.sameRows("sum over the middle", source_THR, destination_TR);
        PlanningChecks.that(source_THR.rank() == 3 && source_THR.dim(2) == destination_TR.dim(1), "sum over the middle",
                "rows are equally long",
                source_THR, destination_TR);
        work.move(source_THR, destination_TR);
    }
}
