package io.moe4j.app.bench;

import io.moe4j.api.device.Stream;
import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.SwiGlu;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.ModelSpec.MoeSpec;
import java.util.List;
import java.util.Optional;

/**
 * One rank's experts, and a receive buffer with N = T·K rows for them, as after a dispatch. Inputs are never overwritten, so that each call does the same work.
 */
final class ExpertRows {
    private final Stream stream;
    private final ExpertKernels kernels;
    private final MoeFigures figures;
    private final Tensor offsets_e;
    private final Tensor rows_RD;
    private final Tensor out_RD;
    private final Tensor weights_R;
    private final Tensor dweights_R;
    private final Tensor gateUp_R2F;
    private final Tensor dgateUp_R2F;
    private final Tensor h_RF;
    private final Tensor dh_RF;
    private final Tensor out_RF;
    private final Tensor gateUp_e2FD;
    private final Tensor down_eDF;
    private final Tensor dgateUp_e2FD;
    private final Tensor ddown_eDF;

    ExpertRows(RankContext rank, ExpertKernels kernels, BenchTensors tensors, BenchSetup setup) {
        MoeSpec moe = setup.moe();
        stream = rank.stream();
        this.kernels = kernels;
        int local = moe.experts() / setup.config().ranks();
        DType dtype = setup.dtype();
        DType gradients = setup.config().training().gradientDtype();
        figures = MoeFigures.of(moe, setup.config().training().localTokens(), local, dtype, gradients);
        offsets_e = tensors.of(setup.offsets(local), local);
        long capacity = setup.comm().capacityRows(setup.config().ranks());
        rows_RD = tensors.random(dtype, capacity, moe.dim());
        out_RD = tensors.empty(dtype, capacity, moe.dim());
        weights_R = tensors.random(DType.F32, capacity);
        dweights_R = tensors.empty(DType.F32, capacity);
        gateUp_R2F = tensors.random(dtype, capacity, 2 * moe.expertHidden());
        dgateUp_R2F = tensors.empty(dtype, capacity, 2 * moe.expertHidden());
        h_RF = tensors.random(dtype, capacity, moe.expertHidden());
        dh_RF = tensors.random(dtype, capacity, moe.expertHidden());
        out_RF = tensors.empty(dtype, capacity, moe.expertHidden());
        gateUp_e2FD = tensors.random(dtype, local, 2 * moe.expertHidden(), moe.dim());
        down_eDF = tensors.random(dtype, local, moe.dim(), moe.expertHidden());
        dgateUp_e2FD = tensors.empty(gradients, local, 2 * moe.expertHidden(), moe.dim());
        ddown_eDF = tensors.empty(gradients, local, moe.dim(), moe.expertHidden());
    }

    /** R_max, the rows that the buffer has room for. */
    long capacity() {
        return rows_RD.dim(0);
    }

    /** N, the rows that were received. */
    long received() {
        return (long) figures.rows();
    }

    /** Runs over buffers of {@code capacity} rows. */
    List<BenchPart.Work> swiglu(long capacity) {
        Tensor gateUp = first(capacity, gateUp_R2F);
        Tensor dgateUp = first(capacity, dgateUp_R2F);
        Optional<Tensor> weights = Optional.of(first(capacity, weights_R));
        SwiGlu.Forward forward = new SwiGlu.Forward(gate(gateUp), up(gateUp), weights, offsets_e,
                first(capacity, out_RF));
        SwiGlu.Backward backward = new SwiGlu.Backward(gate(gateUp), up(gateUp), first(capacity, dh_RF), weights,
                offsets_e, gate(dgateUp), up(dgateUp), Optional.of(first(capacity, dweights_R)));
        return List.of(figures.swiglu().by(() -> kernels.swiglu(stream, forward)),
                figures.swigluBackward().by(() -> kernels.swigluBackward(stream, backward)));
    }

    /** Runs over buffers of {@code capacity} rows. */
    List<BenchPart.Work> products(long capacity) {
        Tensor rows = first(capacity, rows_RD);
        Tensor gateUp = first(capacity, gateUp_R2F);
        Tensor h = first(capacity, h_RF);
        return List.of(
                forward(figures.gateUp(), rows, gateUp_e2FD, first(capacity, dgateUp_R2F)),
                inputGradient(figures.gateUpInput(), gateUp, gateUp_e2FD, first(capacity, out_RD)),
                weightGradient(figures.gateUpWeight(), gateUp, rows, dgateUp_e2FD),
                forward(figures.down(), h, down_eDF, first(capacity, out_RD)),
                inputGradient(figures.downInput(), rows, down_eDF, first(capacity, out_RF)),
                weightGradient(figures.downWeight(), rows, h, ddown_eDF));
    }

    private BenchPart.Work forward(BenchPart part, Tensor x, Tensor w, Tensor y) {
        return part.by(() -> kernels.forward(stream, new GroupedProduct.Forward(x, w, offsets_e, y)));
    }

    private BenchPart.Work inputGradient(BenchPart part, Tensor dy, Tensor w, Tensor dx) {
        return part.by(() -> kernels.inputGradient(stream, new GroupedProduct.InputGradient(dy, w, offsets_e, dx)));
    }

    private BenchPart.Work weightGradient(BenchPart part, Tensor dy, Tensor x, Tensor dw) {
        return part.by(() -> kernels.weightGradient(stream,
                new GroupedProduct.WeightGradient(dy, x, offsets_e, dw, false)));
    }

    private static Tensor first(long rows, Tensor tensor) {
        return tensor.slice(0, 0, rows);
    }

    private static Tensor gate(Tensor gateUp) {
        return gateUp.slice(1, 0, gateUp.dim(1) / 2);
    }

    private static Tensor up(Tensor gateUp) {
        return gateUp.slice(1, gateUp.dim(1) / 2, gateUp.dim(1));
    }
}
