package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.LossOps;
import io.moe4j.api.tensor.Tensor;
import java.util.List;

/** Losses, on the kernels of {@code loss.cu}. */
final class CudaLossOps implements LossOps {
    private static final int WIDE_BLOCK = 1024;
    /** Shared memory of a block that keeps rows, besides its part of a row. */
    private static final int STATIC_SHARED_BYTES = 1024;
    /** Elements in 16 bytes of a type of 2 bytes. */
    private static final int PIECE = 8;

    private final Kernels kernels;

    CudaLossOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void crossEntropy(Stream stream, Tensor logits_TV, Tensor labels_T, float scale, Tensor rowLoss_T,
            Tensor loss) {
        Form form = form(logits_TV);
        kernels.blocks(stream, form.kernel, form.blocks(kernels, logits_TV.dim(0)), WIDE_BLOCK, form.sharedBytes,
                of(logits_TV), of(labels_T), of(scale), of(rowLoss_T), of(logits_TV.dim(0)), ofInt(logits_TV.dim(1)),
                of(logits_TV.stride(0)));
        kernels.blocks(stream, "add_losses", 1, WIDE_BLOCK, 0, of(rowLoss_T), of(logits_TV.dim(0)), of(scale),
                of(loss));
    }

    private Form form(Tensor logits_TV) {
        if (Kernels.hasVectorForm(logits_TV) && Kernels.vectors(PIECE, logits_TV)) {
            for (Form kept : List.of(new Form("cross_entropy_kept_bf16", 1, kept(logits_TV, 1)),
                    new Form("cross_entropy_halves_bf16_sm90", 2, kept(logits_TV, 2)))) {
                if (kept.sharedBytes + STATIC_SHARED_BYTES <= kernels.sharedLimit() && kernels.has(kept.kernel)) {
                    return kept;
                }
            }
        }
        return new Form("cross_entropy" + suffix(logits_TV), 0, 0);
    }

    /** Bytes of a row that each of {@code blocks} blocks keeps: whole pieces of 16 bytes. */
    private static int kept(Tensor logits_TV, int blocks) {
        return Math.toIntExact(Math.ceilDiv(logits_TV.dim(1) / PIECE, (long) blocks) * 2 * PIECE);
    }

    /**
     * A kernel of {@code loss.cu}. On an H200, one block keeps rows of up to 231,424 bytes, two blocks rows of up to twice that.
     *
     * @param keepers blocks that keep a row together; 0 if rows are read twice
     */
    private record Form(String kernel, int keepers, int sharedBytes) {
        /** If rows are kept, no more blocks than can run at once, so that each has several rows: it reads one while it writes another. */
        long blocks(Kernels kernels, long rows) {
            return keepers == 0 ? rows
                    : keepers * Math.min(rows,
                            kernels.resident(WIDE_BLOCK, STATIC_SHARED_BYTES + (long) sharedBytes) / keepers);
        }
    }
}
