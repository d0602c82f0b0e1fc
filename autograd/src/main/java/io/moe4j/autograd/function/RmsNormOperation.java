package io.moe4j.autograd.function;

import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Normalises the first D of C columns, so that a latent and the columns that are projected beside it need not be separated by a copy. */
final class RmsNormOperation implements Operation {
    private final Variable x_TC;
    private final Parameter weight_D;
    private final float eps;
    private final long dim;
    private @Nullable Tensor rstd_T;

    RmsNormOperation(Variable x_TC, Parameter weight_D, float eps) {
        this.x_TC = x_TC;
        this.weight_D = weight_D;
        this.eps = eps;
        this.dim = weight_D.elements();
    }

    @Override
    public String name() {
        return "rms_norm " + weight_D.name();
    }

    @Override
    public String span() {
        return "norm";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of(weight_D.role());
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        rstd_T = tape.temporary("activations", DType.F32, x_TC.tensor().dim(0));
        return tape.temporary("activations", x_TC.tensor().dtype(), x_TC.tensor().dim(0), dim);
    }

    @Override
    public void forward(Tape tape, Tensor y_TD) {
        tape.ops().norm().forward(tape.stream(), columns(x_TC.tensor()), weight_D.value(), eps, y_TD, rstd());
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor x_TD = columns(x_TC.tensor());
        long bytes = tape.rank().device().workspaceSizes().rmsNormBackward(x_TD.dim(0), dim);
        Optional<Tensor> workspace = tape.workspace(bytes);
        if (!gradients.wants(0)) {
            throw new IllegalStateException(name() + ": its input needs a gradient");
        }
        Gradients.AccumulatingWriter writer = (dx_TC, accumulate) -> {
            if (!accumulate && x_TC.tensor().dim(1) > dim) {
                tape.stream().fill(dx_TC, 0);
            }
            tape.ops().norm().backward(tape.stream(),
                    arguments(tape, gradients, columns(dx_TC), accumulate, workspace));
        };
        if (x_TC.tensor().dim(1) > dim) {
            gradients.accumulate(0, writer);
        } else {
            gradients.accumulate(0, writer, (present_TD, sum_TD) -> tape.ops().normBackwardAdded(tape.stream(),
                    arguments(tape, gradients, sum_TD, false, workspace), present_TD));
        }
    }

    private NormOps.Backward arguments(Tape tape, Gradients gradients, Tensor dx_TD, boolean accumulate,
            Optional<Tensor> workspace) {
        return new NormOps.Backward(gradients.ofOutput(), columns(x_TC.tensor()), weight_D.value(), rstd(), dx_TD,
                accumulate, NormGradient.of(tape, weight_D), weight_D.isTrained() && weight_D.accumulatesGradient(),
                workspace);
    }

    private Tensor columns(Tensor tensor_TC) {
        return tensor_TC.slice(1, 0, dim);
    }

    private Tensor rstd() {
        if (rstd_T == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return rstd_T;
    }
}
