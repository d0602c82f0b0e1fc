package io.moe4j.layers.decoder;

import io.moe4j.api.device.Stream;
import io.moe4j.api.group.RankContext;
import io.moe4j.api.memory.MemoryStack;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import io.moe4j.layers.unit.RmsNorm;
import java.util.List;
import java.util.Optional;

/**
 * Final norm, projection to the vocabulary, and loss. The loss, with or without its gradient, is made in one pass over chunks of tokens, so that the logits
 * of all tokens never exist at once.
 */
final class HeadStage implements Stage.Last {
    /** The most bytes that the logits of a chunk may take. */
    private static final long CHUNK_BYTES = 512L << 20;

    private final RankContext rank;
    private final ParameterUnit unit;
    private final Optional<ParameterUnit> shared;
    private final RmsNorm norm;
    private final Parameter norm_D;
    private final Parameter projection_VD;

    /**
     * A head.
     *
     * @param unit has the norm and, unless the projection is shared, the projection
     * @param shared has the projection if that is the embedding's table
     */
    HeadStage(RankContext rank, ParameterUnit unit, Optional<ParameterUnit> shared, RmsNorm norm,
            Parameter projection_VD) {
        this.rank = rank;
        this.unit = unit;
        this.shared = shared;
        this.norm = norm;
        this.norm_D = norm.weight_D();
        this.projection_VD = projection_VD;
    }

    @Override
    public String name() {
        return "head";
    }

    @Override
    public List<ParameterUnit> units() {
        return shared.map(table -> List.of(unit, table)).orElse(List.of(unit));
    }

    @Override
    public void logits(Tensor x_TD, Tensor logits_TV) {
        try (Scope scope = memory().open(); Gathering gathered = Gathering.of(units())) {
            Tensor y_TD = like(x_TD);
            Tensor rstd_T = memory().allocate("activations", DType.F32, x_TD.dim(0));
            ops().norm().forward(stream(), x_TD, norm_D.value(), norm.eps(), y_TD, rstd_T);
            ops().matmul().matmul(stream(), Matmul.ofTransposedB(y_TD, projection_VD.value(), logits_TV));
        }
    }

    @Override
    public void lossAndGradient(Tensor x_TD, Tensor labels_T, float scale, Tensor loss, Tensor dx_TD) {
        // In the caller's scope: the embedding's backward adds to these gradients, and reduces them.
        shared.ifPresent(ParameterUnit::openGradients);
        try (Scope scope = memory().open(); Gathering gathered = Gathering.of(units())) {
            unit.openGradients();
            Tensor y_TD = like(x_TD);
            Tensor dy_TD = like(x_TD);
            Tensor rstd_T = memory().allocate("activations", DType.F32, x_TD.dim(0));
            ops().norm().forward(stream(), x_TD, norm_D.value(), norm.eps(), y_TD, rstd_T);
            long chunk = chunk(x_TD.dtype(), x_TD.dim(0));
            for (long from = 0; from < x_TD.dim(0); from += chunk) {
                long to = Math.min(x_TD.dim(0), from + chunk);
                chunk(y_TD.slice(0, from, to), labels_T.slice(0, from, to), scale, loss, dy_TD.slice(0, from, to));
            }
            normBackward(x_TD, rstd_T, dy_TD, dx_TD);
            unit.reduceGradients();
        }
    }

    @Override
    public void losses(Tensor x_TD, Tensor labels_T, Tensor losses_T) {
        try (Scope scope = memory().open(); Gathering gathered = Gathering.of(units())) {
            Tensor y_TD = like(x_TD);
            Tensor rstd_T = memory().allocate("activations", DType.F32, x_TD.dim(0));
            ops().norm().forward(stream(), x_TD, norm_D.value(), norm.eps(), y_TD, rstd_T);
            Tensor sum = memory().allocate("logits", DType.F32, 1);
            stream().fill(sum, 0);
            long chunk = chunk(x_TD.dtype(), x_TD.dim(0));
            for (long from = 0; from < x_TD.dim(0); from += chunk) {
                long to = Math.min(x_TD.dim(0), from + chunk);
                losses(y_TD.slice(0, from, to), labels_T.slice(0, from, to), losses_T.slice(0, from, to), sum);
            }
        }
    }

    /** The same operation as in training, so that a token has the same loss in both; its gradient, scaled by zero, and its sum are not used. */
    private void losses(Tensor y_CD, Tensor labels_C, Tensor losses_C, Tensor sum) {
        try (Scope scope = memory().open()) {
            Tensor w_VD = projection_VD.value();
            Tensor logits_CV = memory().allocate("logits", y_CD.dtype(), y_CD.dim(0), w_VD.dim(0));
            ops().matmul().matmul(stream(), Matmul.ofTransposedB(y_CD, w_VD, logits_CV));
            ops().loss().crossEntropy(stream(), logits_CV, labels_C, 0, losses_C, sum);
        }
    }

    private void chunk(Tensor y_CD, Tensor labels_C, float scale, Tensor loss, Tensor dy_CD) {
        try (Scope scope = memory().open()) {
            Tensor w_VD = projection_VD.value();
            Tensor logits_CV = memory().allocate("logits", y_CD.dtype(), y_CD.dim(0), w_VD.dim(0));
            Tensor rowLoss_C = memory().allocate("logits", DType.F32, y_CD.dim(0));
            ops().matmul().matmul(stream(), Matmul.ofTransposedB(y_CD, w_VD, logits_CV));
            // From here on logits_CV holds the gradient with respect to the logits.
            ops().loss().crossEntropy(stream(), logits_CV, labels_C, scale, rowLoss_C, loss);
            if (projection_VD.isTrained()) {
                ops().matmul().matmul(stream(), Matmul.ofTransposedA(logits_CV, y_CD, projection_VD.gradient())
                        .accumulating(projection_VD.accumulatesGradient()));
            }
            ops().matmul().matmul(stream(), Matmul.of(logits_CV, w_VD, dy_CD));
        }
    }

    private void normBackward(Tensor x_TD, Tensor rstd_T, Tensor dy_TD, Tensor dx_TD) {
        long bytes = rank.device().workspaceSizes().rmsNormBackward(x_TD.dim(0), x_TD.dim(1));
        Optional<Tensor> workspace = bytes == 0 ? Optional.empty()
                : Optional.of(memory().allocate("workspace", DType.I32, (bytes + 3) / 4));
        ops().norm().backward(stream(), new NormOps.Backward(dy_TD, x_TD, norm_D.value(), rstd_T, dx_TD, false,
                norm_D.isTrained() ? norm_D.gradient() : memory().allocate("workspace", DType.F32, norm_D.elements()),
                norm_D.isTrained() && norm_D.accumulatesGradient(), workspace));
    }

    /** C, tokens of a chunk: all chunks except the last have this size. */
    private long chunk(DType dtype, long tokens) {
        long most = Math.max(1, CHUNK_BYTES / Tensor.bytes(dtype, projection_VD.shape()[0]));
        return Math.max(1, Math.ceilDiv(tokens, Math.max(1, Math.ceilDiv(tokens, most))));
    }

    private Tensor like(Tensor tensor) {
        return memory().allocate("activations", tensor.dtype(), tensor.dim(0), tensor.dim(1));
    }

    private MemoryStack memory() {
        return rank.memory();
    }

    private Stream stream() {
        return rank.stream();
    }

    private DeviceOps ops() {
        return rank.device().ops();
    }
}
