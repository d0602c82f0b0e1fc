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
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/** {@code norm.cu}. */
final class CudaNormOps implements NormOps {
    private static final List<Integer> FORWARD_VECTORS = List.of(2, 8, 28);
    private static final List<Integer> BACKWARD_VECTORS = List.of(2, 8);

    private final Kernels kernels;

    CudaNormOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void forward(Stream stream, Tensor x_TD, Tensor weight_D, float eps, Tensor y_TD, Tensor rstd_T) {
        require(x_TD.shape().equals(y_TD.shape()) && x_TD.dtype() == y_TD.dtype() && weight_D.dtype() == x_TD.dtype()
                && weight_D.elements() == x_TD.dim(1), "rms norm", x_TD, weight_D, y_TD);
        KernelArg[] arguments = {of(x_TD), of(weight_D), of(eps), of(y_TD), of(rstd_T), of(x_TD.dim(0)),
                ofInt(x_TD.dim(1)), of(x_TD.stride(0)), of(y_TD.stride(0))};
        int vectors = vectorsOfALane(x_TD.dim(1), FORWARD_VECTORS, x_TD, weight_D, y_TD);
        if (vectors > 0) {
            kernels.warps(stream, "rms_forward_warp_" + vectors, x_TD.dim(0), 0, arguments);
        } else {
            kernels.blocks(stream, "rms_forward" + suffix(x_TD), x_TD.dim(0), Kernels.BLOCK, 0, arguments);
        }
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
        int vectors = vectorsOfALane(dim, BACKWARD_VECTORS, a.dy_TD(), x, a.weight_D(), a.dx_TD());
        kernels.blocks(stream, vectors > 0 ? "rms_backward_warp_" + vectors : "rms_backward" + suffix(x), parts,
                Kernels.BLOCK, 0, of(a.dy_TD()), of(x), of(a.weight_D()), of(a.rstd_T()), of(a.dx_TD()),
                flag(a.accumulateDx()), of(partial), of(rows), ofInt(dim), of(a.dy_TD().stride(0)), of(x.stride(0)),
                of(a.dx_TD().stride(0)));
        kernels.blocks(stream, "sum_parts", Math.ceilDiv(dim, 32L), Kernels.BLOCK, 0, of(partial), of(a.dweight_D()),
                of(parts), ofInt(dim),
                flag(a.accumulateDweight()));
    }

    /** How many 16-byte vectors of a bf16 row each lane of a warp holds, of those that there are kernels for; 0 if none fits. */
    private static int vectorsOfALane(long dim, List<Integer> kernels, Tensor... rows) {
        if (rows[0].dtype() != DType.BF16 || !Kernels.vectors(8, rows)) {
            return 0;
        }
        return kernels.stream().filter(count -> dim <= 256L * count).findFirst().orElse(0);
    }
}
