package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.Tensor;

/** Losses, on the kernels of {@code loss.cu}. */
final class CudaLossOps implements LossOps {
    private static final int WIDE_BLOCK = 1024;
    private static final int STATIC_SHARED_BYTES = 1024;

    private final Kernels kernels;

    CudaLossOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void crossEntropy(Stream stream, Tensor logits_TV, Tensor labels_T, float scale, Tensor rowLoss_T,
            Tensor loss) {
        long row = logits_TV.dim(1) * logits_TV.dtype().bytes();
        boolean cached = Kernels.hasVectorForm(logits_TV) && row <= kernels.sharedLimit() - STATIC_SHARED_BYTES;
        // With a cache, no more blocks than can run at once, so that a block has several rows: it reads one while it writes another.
        long blocks = cached ? Math.min(logits_TV.dim(0), kernels.resident(WIDE_BLOCK, STATIC_SHARED_BYTES + row))
                : logits_TV.dim(0);
        kernels.blocks(stream, "cross_entropy" + suffix(logits_TV), blocks, WIDE_BLOCK,
                cached ? Math.toIntExact(row) : 0, of(logits_TV),
                of(labels_T), of(scale),
                of(rowLoss_T), of(logits_TV.dim(0)), ofInt(logits_TV.dim(1)), of(logits_TV.stride(0)), flag(cached));
        kernels.blocks(stream, "add_losses", 1, WIDE_BLOCK, 0, of(rowLoss_T), of(logits_TV.dim(0)), of(scale),
                of(loss));
    }
}
