package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

final class PlanningAttentionOps implements AttentionOps {

    @Override
    public void forward(Stream stream, Forward a) {
        queries(a.shape(), a.q_BSHQ(), a.k_BSHQ());
        values(a.shape(), a.v_BSHV(), a.o_BSHV());
        Checks.live("attention", a.lse_BHS());
        a.workspace().ifPresent(workspace -> Checks.live("attention", workspace));
    }

    @Override
    public void backward(Stream stream, Backward b) {
        forward(stream, b.forward());
        queries(b.forward().shape(), b.dq_BSHQ(), b.dk_BSHQ());
        values(b.forward().shape(), b.do_BSHV(), b.dv_BSHV());
        b.workspace().ifPresent(workspace -> Checks.live("attention's gradient", workspace));
    }

    private static void queries(AttentionShape shape, Tensor... tensors) {
        extents(List.of(shape.batch(), shape.sequence(), shape.heads(), shape.queryKeyDim()), tensors);
    }

    private static void values(AttentionShape shape, Tensor... tensors) {
        extents(List.of(shape.batch(), shape.sequence(), shape.heads(), shape.valueDim()), tensors);
    }

    private static void extents(List<Long> wanted, Tensor... tensors) {
        Checks.live("attention", tensors);
        for (Tensor tensor : tensors) {
            Checks.that(tensor.shape().equals(wanted), "attention", "its shape is " + wanted, tensor);
        }
    }
}
