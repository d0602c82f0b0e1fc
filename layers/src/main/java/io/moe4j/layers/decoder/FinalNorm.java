package io.moe4j.layers.decoder;

import io.moe4j.api.group.RankContext;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.layers.unit.RmsNorm;
import java.util.Optional;

/** The norm that precedes a model's projection to the vocabulary. The unit of its weight must be gathered while it is used. */
record FinalNorm(RankContext rank, RmsNorm norm) {

    /**
     * Rows after the norm.
     *
     * @param rstd_T reciprocal standard deviation of each row, which backward needs
     */
    record Normed(Tensor y_TD, Tensor rstd_T) {}

    /** Allocates both results in the innermost open scope. */
    Normed forward(Tensor x_TD) {
        Tensor y_TD = rank.memory().allocate("activations", x_TD.dtype(), x_TD.dim(0), x_TD.dim(1));
        Tensor rstd_T = rank.memory().allocate("activations", DType.F32, x_TD.dim(0));
        rank.device().ops().norm().forward(rank.stream(), x_TD, norm.weight_D().value(), norm.eps(), y_TD, rstd_T);
        return new Normed(y_TD, rstd_T);
    }

    /** Overwrites {@code dx_TD} with the gradient of the input. */
    void backward(Tensor x_TD, Tensor rstd_T, Tensor dy_TD, Tensor dx_TD) {
        Parameter norm_D = norm.weight_D();
        long bytes = rank.device().workspaceSizes().rmsNormBackward(x_TD.dim(0), x_TD.dim(1));
        Optional<Tensor> workspace = bytes == 0 ? Optional.empty()
                : Optional.of(rank.memory().allocate("workspace", DType.I32, (bytes + 3) / 4));
        rank.device().ops().norm().backward(rank.stream(), new NormOps.Backward(dy_TD, x_TD, norm_D.value(), rstd_T,
                dx_TD, false,
                norm_D.isTrained() ? norm_D.gradient()
                        : rank.memory().allocate("workspace", DType.F32, norm_D.elements()),
                norm_D.isTrained() && norm_D.accumulatesGradient(), workspace));
    }
}
