package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.DeviceOps;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** RMSNorm, on the kernels of {@code norm.cu}. */
final class CudaNormOps implements NormOps {
    private static final int SUM_THREADS = 1024;

    private final Kernels kernels;

    CudaNormOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void forward(Stream stream, Tensor x_TD, Tensor weight_D, float eps, Tensor y_TD, Tensor rstd_T) {
        require(x_TD.shape().equals(y_TD.shape()) && x_TD.dtype() == y_TD.dtype() && weight_D.dtype() == x_TD.dtype()
                && weight_D.elements() == x_TD.dim(1), "rms norm", x_TD, weight_D, y_TD);
        long rows = x_TD.dim(0);
        long dim = x_TD.dim(1);
        List<KernelArg> arguments = List.of(of(x_TD), of(weight_D), of(eps), of(y_TD), of(rstd_T), of(rows), ofInt(dim),
                of(x_TD.stride(0)), of(y_TD.stride(0)));
        NormBlocks.of(dim, x_TD, weight_D, y_TD).ifPresentOrElse(
                blocks -> kernels.blocks(stream, "rms_forward" + blocks.suffix(),
                        Math.ceilDiv(rows, (long) blocks.rowsAtOnce()), blocks.threads(), 0,
                        with(arguments, of(blocks.width()))),
                () -> kernels.blocks(stream, "rms_forward" + suffix(x_TD), rows, Kernels.BLOCK, 0,
                        with(arguments)));
    }

    @Override
    public void backward(Stream stream, Backward a) {
        Optional<NormBlocks> blocks = NormBlocks.of(a.x_TD().dim(1), a.dy_TD(), a.x_TD(), a.weight_D(), a.dx_TD());
        if (blocks.isPresent()) {
            columns(stream, a, blocks.get(), Optional.empty());
        } else {
            kernels.blocks(stream, "rms_backward" + suffix(a.x_TD()), parts(a), Kernels.BLOCK, 0, with(arguments(a)));
            sumParts(stream, a);
        }
    }

    /** See {@link DeviceOps#normBackwardAdded}; returns false if two operations are needed. */
    boolean backwardAdded(Stream stream, Backward a, Tensor addend_TD) {
        Tensor dx = a.dx_TD();
        require(!a.accumulateDx() && dx.isContiguous() && addend_TD.isContiguous()
                && addend_TD.shape().equals(dx.shape()) && addend_TD.dtype() == dx.dtype(),
                "rms norm's gradient, added",
                dx, addend_TD);
        Optional<NormBlocks> blocks = NormBlocks.of(dx.dim(1), a.dy_TD(), a.x_TD(), a.weight_D(), dx, addend_TD);
        blocks.ifPresent(found -> columns(stream, a, found, Optional.of(addend_TD)));
        return blocks.isPresent();
    }

    private void columns(Stream stream, Backward a, NormBlocks blocks, Optional<Tensor> addend_TD) {
        kernels.blocks(stream, "rms_backward" + blocks.suffix(), parts(a), blocks.threads(),
                blocks.sharedBytes(a.x_TD().dim(1)),
                with(arguments(a), addend_TD.map(Kernels::of).orElseGet(KernelArg::absent),
                        of(addend_TD.map(tensor -> tensor.stride(0)).orElse(0L)), of(blocks.width())));
        sumParts(stream, a);
    }

    private static List<KernelArg> arguments(Backward a) {
        Tensor x = a.x_TD();
        return List.of(of(a.dy_TD()), of(x), of(a.weight_D()), of(a.rstd_T()), of(a.dx_TD()), flag(a.accumulateDx()),
                of(partial(a)), of(x.dim(0)), ofInt(x.dim(1)), of(a.dy_TD().stride(0)), of(x.stride(0)),
                of(a.dx_TD().stride(0)));
    }

    private void sumParts(Stream stream, Backward a) {
        long dim = a.x_TD().dim(1);
        kernels.blocks(stream, "sum_parts", Math.ceilDiv(dim, 32L), SUM_THREADS, 0, of(partial(a)), of(a.dweight_D()),
                of(parts(a)), ofInt(dim), flag(a.accumulateDweight()));
    }

    private static int parts(Backward a) {
        return (int) Math.min(a.x_TD().dim(0), CudaWorkspaceSizes.NORM_PARTS);
    }

    private static Tensor partial(Backward a) {
        return a.workspace().orElseThrow(() -> new DeviceException("rms norm's gradient needs a workspace of "
                + CudaWorkspaceSizes.INSTANCE.rmsNormBackward(a.x_TD().dim(0), a.x_TD().dim(1))
                + " bytes; see WorkspaceSizes.rmsNormBackward"));
    }

    private static KernelArg[] with(List<KernelArg> arguments, KernelArg... more) {
        return java.util.stream.Stream.concat(arguments.stream(), Arrays.stream(more)).toArray(KernelArg[]::new);
    }
}
