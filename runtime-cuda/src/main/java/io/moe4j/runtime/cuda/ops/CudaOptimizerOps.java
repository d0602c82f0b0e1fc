package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.OptimizerOps;
import io.moe4j.api.ops.Rounding;
import io.moe4j.api.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Optimizer updates, on the kernels of {@code optimizer.cu}. */
final class CudaOptimizerOps implements OptimizerOps {
    private final Kernels kernels;

    CudaOptimizerOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void adamw(Stream stream, AdamW a) {
        update(stream, a, "adamw" + suffix(a.parameter()), Optional.empty());
    }

    @Override
    public boolean adamwConverted(Stream stream, AdamW a, Tensor converted) {
        require(a.parameter().dtype().isSinglePrecision() && suffix(converted).equals("_bf16")
                && converted.shape().equals(a.parameter().shape()), "adamw", a.parameter(), converted);
        update(stream, a, "adamw_converted", Optional.of(converted));
        return true;
    }

    private void update(Stream stream, AdamW a, String kernel, Optional<Tensor> converted) {
        require(a.firstMoment().dtype() == a.secondMoment().dtype(), "adamw", a.firstMoment(), a.secondMoment());
        long counter = a.rounding() instanceof Rounding.Stochastic stochastic ? stochastic.counter(0) : 0;
        kernels.each(stream, kernel + suffix(a.gradient()) + suffix(a.firstMoment()),
                Math.ceilDiv(a.parameter().elements(), elementsOfThread(a)),
                of(a.parameter()), of(a.gradient()), of(a.firstMoment()), of(a.secondMoment()),
                of(a.parameter().elements()),
                of(a.learningRate()), of(a.beta1()), of(a.beta2()), of(a.eps()), of(a.weightDecay()),
                of(a.gradientScale()),
                of(correction(a.beta1(), a.step())), of(correction(a.beta2(), a.step())),
                of(a.rounding() instanceof Rounding.Stochastic ? 1 : 0), of(counter),
                converted.map(Kernels::of).orElseGet(KernelArg::absent));
    }

    @Override
    public void sumOfSquares(Stream stream, Tensor x, Tensor sum, Optional<Tensor> workspace) {
        Tensor partial = workspace.orElseThrow(() -> new DeviceException(
                "the sum of squares needs a workspace of " + CudaWorkspaceSizes.INSTANCE.sumOfSquares(x.elements())
                        + " bytes"));
        int parts = (int) Math.min(CudaWorkspaceSizes.SQUARE_PARTS, Math.ceilDiv(x.elements(), 8L * Kernels.BLOCK));
        kernels.blocks(stream, "squares" + suffix(x), parts, Kernels.BLOCK, 0, of(x), of(x.elements()), of(partial));
        kernels.blocks(stream, "add_squares", Math.min(parts, 1), Kernels.BLOCK, 0, of(partial), of(parts), of(sum));
    }

    @Override
    public void momentum(Stream stream, Momentum a) {
        sameShape("momentum", a.gradient(), a.momentum(), a.update());
        kernels.each(stream, "momentum" + suffix(a.gradient()) + suffix(a.momentum()) + suffix(a.update()),
                a.gradient().elements(), of(a.gradient()), of(a.momentum()), of(a.update()),
                of(a.gradient().elements()), of(a.beta()), of((float) (1 - (double) a.beta())),
                of(a.gradientScale()), flag(a.nesterov()));
    }

    @Override
    public void normalize(Stream stream, Tensor x, Tensor sum, float least, Tensor out) {
        sameShape("normalize", x, out);
        require(sum.dtype().isSinglePrecision() && sum.elements() == 1, "normalize", sum);
        kernels.each(stream, "normalize" + suffix(x) + suffix(out), x.elements(), of(x), of(sum), of(least), of(out),
                of(x.elements()));
    }

    @Override
    public void descend(Stream stream, Descent a) {
        sameShape("descend", a.parameter(), a.update());
        boolean stochastic = a.rounding() instanceof Rounding.Stochastic;
        long counter = a.rounding() instanceof Rounding.Stochastic drawn ? drawn.counter(0) : 0;
        kernels.each(stream, "descend" + suffix(a.parameter()) + suffix(a.update()), a.parameter().elements(),
                of(a.parameter()), of(a.update()), of(a.parameter().elements()), of(a.rate()), of(a.keep()),
                flag(stochastic), of(counter));
    }

    private static void sameShape(String operation, Tensor first, Tensor... others) {
        for (Tensor other : others) {
            require(first.shape().equals(other.shape()) && first.isContiguous() && other.isContiguous(), operation,
                    first, other);
        }
    }

    /** {@code N} of {@code adamw} in {@code optimizer.cu}. */
    private static long elementsOfThread(AdamW a) {
        return List.of(a.parameter(), a.gradient(), a.firstMoment()).stream()
                .allMatch(x -> x.dtype().bytes() == 4) ? 4 : 8;
    }

    private static float correction(float beta, long step) {
        return (float) (1 - Math.pow(beta, step));
    }
}
