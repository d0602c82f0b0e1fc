package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.ActivationOps;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.ElementwiseOps;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.ops.MatmulOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.RopeOps;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.ops.ScalingOps;
import io.moe4j.api.ops.WidenedMatmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/** All families; those with one operation are lambdas. */
final class PlanningOps implements DeviceOps {
    private final WorkMeter work;

    PlanningOps(WorkMeter work) {
        this.work = work;
    }

    @Override
    public MatmulOps matmul() {
        return (stream, product) -> count(product);
    }

    /** As a product in single precision, which it is on some devices. */
    @Override
    public void mixedMatmul(Stream stream, Matmul product, Tensor workspace) {
        WidenedMatmul.require(product);
        PlanningChecks.live("matmul", workspace);
        count(product);
    }

    private void count(Matmul product) {
        PlanningChecks.live("matmul", product.a(), product.b(), product.c());
        double rows = product.c().dim(0);
        double inner = (double) product.a().elements() / rows;
        work.add(product.a().dtype(), 2 * inner * product.c().elements(),
                WorkMeter.bytes(product.a(), product.b(), product.c()));
    }

    /** Of all types: a device that does not support one refuses it when it is opened. */
    @Override
    public boolean supports(DType operands) {
        return operands.isFloating();
    }

    @Override
    public Optional<ScalingOps> scaling() {
        return Optional.of(new PlanningScalingOps(work));
    }

    @Override
    public ElementwiseOps elementwise() {
        return new PlanningElementwiseOps(work);
    }

    @Override
    public NormOps norm() {
        return new PlanningNormOps(work);
    }

    @Override
    public RopeOps rope() {
        return new PlanningRopeOps(work);
    }

    @Override
    public AttentionOps attention() {
        return new PlanningAttentionOps(work);
    }

    @Override
    public ActivationOps activation() {
        return new PlanningActivationOps(work);
    }

    @Override
    public EmbeddingOps embedding() {
        return new PlanningEmbeddingOps(work);
    }

    @Override
    public RoutingOps routing() {
        return new PlanningRoutingOps(work);
    }

    @Override
    public LossOps loss() {
        return (stream, logits_TV, labels_T, scale, rowLoss_T, loss) -> {
            PlanningChecks.live("cross-entropy", loss);
            PlanningChecks.sameRows("cross-entropy", logits_TV, labels_T, rowLoss_T);
            work.move(logits_TV, logits_TV);
        };
    }

    @Override
    public OptimizerOps optimizer() {
        return new PlanningOptimizerOps(work);
    }
}
