package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.NormOps;
import io.moe4j.api.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

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
        Tensor x = a.x_TD();
        long rows = x.dim(0);
        long dim = x.dim(1);
        Tensor partial = a.workspace().orElseThrow(() -> new DeviceException("rms norm's gradient needs a workspace of "
                + CudaWorkspaceSizes.INSTANCE.rmsNormBackward(rows, dim)
                + " bytes; see WorkspaceSizes.rmsNormBackward"));
        int parts = (int) Math.min(rows, CudaWorkspaceSizes.NORM_PARTS);
        List<KernelArg> arguments = List.of(of(a.dy_TD()), of(x), of(a.weight_D()), of(a.rstd_T()), of(a.dx_TD()),
                flag(a.accumulateDx()), of(partial), of(rows), ofInt(dim), of(a.dy_TD().stride(0)), of(x.stride(0)),
                of(a.dx_TD().stride(0)));
        NormBlocks.of(dim, a.dy_TD(), x, a.weight_D(), a.dx_TD()).ifPresentOrElse(
                blocks -> kernels.blocks(stream, "rms_backward" + blocks.suffix(), parts, blocks.threads(),
                        blocks.sharedBytes(dim), with(arguments, of(blocks.width()))),
                () -> kernels.blocks(stream, "rms_backward" + suffix(x), parts, Kernels.BLOCK, 0, with(arguments)));
        kernels.blocks(stream, "sum_parts", Math.ceilDiv(dim, 32L), SUM_THREADS, 0, of(partial), of(a.dweight_D()),
                of(parts), ofInt(dim), flag(a.accumulateDweight()));
    }

    private static KernelArg[] with(List<KernelArg> arguments, KernelArg... more) {
        return java.util.stream.Stream.concat(arguments.stream(), Arrays.stream(more)).toArray(KernelArg[]::new);
    }
}
