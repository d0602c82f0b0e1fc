package io.moe4j.layers.attention;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.function.NormGradient;
import io.moe4j.layers.unit.RmsNorm;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** RMSNorm of each head by itself: (T, H·Q) → (T, H·Q), with the same Q weights for all heads. */
final class HeadNorm implements Operation {
    private final Variable x;
    private final RmsNorm norm_Q;
    private final long dim;
    private @Nullable Tensor rstd;

    HeadNorm(Variable x, RmsNorm norm_Q) {
        this.x = x;
        this.norm_Q = norm_Q;
        this.dim = norm_Q.weight_D().elements();
    }

    @Override
    public String name() {
        return "head norm " + norm_Q.weight_D().name();
    }

    @Override
    public String span() {
        return "norm";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of(norm_Q.weight_D().role());
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        rstd = tape.temporary("activations", DType.F32, x.tensor().elements() / dim);
        return tape.temporary("activations", x.tensor().dtype(), Tape.extents(x.tensor()));
    }

    @Override
    public void forward(Tape tape, Tensor y) {
        tape.ops().norm().forward(tape.stream(), heads(x.tensor()), norm_Q.weight_D().value(), norm_Q.eps(), heads(y),
                rstd());
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor rows = heads(x.tensor());
        long bytes = tape.rank().device().workspaceSizes().rmsNormBackward(rows.dim(0), dim);
        Optional<Tensor> workspace = tape.workspace(bytes);
        gradients.accumulate(0, (dx, accumulate) -> tape.ops().norm().backward(tape.stream(),
                new NormOps.Backward(heads(gradients.ofOutput()), rows, norm_Q.weight_D().value(), rstd(), heads(dx),
                        accumulate, NormGradient.of(tape, norm_Q.weight_D()),
                        norm_Q.weight_D().isTrained() && norm_Q.weight_D().accumulatesGradient(),
                        workspace)));
    }

    /** (T, H·Q) as (T·H, Q). */
    private Tensor heads(Tensor tensor) {
        return tensor.view(tensor.elements() / dim, dim);
    }

    private Tensor rstd() {
        if (rstd == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return rstd;
    }
}
