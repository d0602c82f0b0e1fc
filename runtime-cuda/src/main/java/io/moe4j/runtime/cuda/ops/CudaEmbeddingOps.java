package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.DeviceException;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.EmbeddingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import java.util.Optional;

/** Embedding, on the kernels of {@code embedding.cu}. */
final class CudaEmbeddingOps implements EmbeddingOps {
    /** Threads of a block that lists the tokens of a word. */
    private static final int LISTING = 1024;
    /** Columns of a frequent word that a block sums. */
    private static final int SLAB = 64;

    private final Kernels kernels;

    CudaEmbeddingOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void forward(Stream stream, Tensor ids_T, Tensor table_VD, Tensor out_TD) {
        require(table_VD.isContiguous() && out_TD.isContiguous() && table_VD.dtype() == out_TD.dtype()
                && out_TD.elements() == ids_T.elements() * table_VD.dim(1), "embedding", ids_T, table_VD, out_TD);
        kernels.blocks(stream, "embedding" + suffix(table_VD), ids_T.elements(), Kernels.BLOCK, 0, of(ids_T),
                of(table_VD), of(out_TD),
                of(ids_T.elements()), ofInt(table_VD.dim(0)), ofInt(table_VD.dim(1)));
    }

    @Override
    public void backward(Stream stream, Tensor ids_T, Tensor dout_TD, Tensor dtable_VD, boolean accumulate,
            Optional<Tensor> workspace) {
        requireGradient("embedding gradient", true, ids_T, dout_TD, dtable_VD);
        if (!accumulate) {
            stream.fill(dtable_VD, 0);
        }
        sumRows(stream, ids_T, dout_TD, 0, dtable_VD, dtable_VD.dim(0), accumulate, workspace);
    }

    @Override
    public boolean hasBackwardRows() {
        return true;
    }

    @Override
    public void backwardRows(Stream stream, Tensor ids_T, Tensor dout_TD, long first, Tensor dtable_nD,
            Optional<Tensor> workspace) {
        requireGradient("embedding gradient of rows from " + first, first >= 0, ids_T, dout_TD, dtable_nD);
        // The size of the vocabulary is not known here; the forward pass has already refused ids beyond it.
        sumRows(stream, ids_T, dout_TD, first, dtable_nD, Integer.MAX_VALUE, true, workspace);
    }

    private static void requireGradient(String operation, boolean condition, Tensor ids_T, Tensor dout_TD,
            Tensor dtable_nD) {
        require(condition && dtable_nD.isContiguous() && dout_TD.isContiguous() && dtable_nD.dtype() == DType.F32
                && dout_TD.elements() == ids_T.elements() * dtable_nD.dim(1), operation, ids_T, dout_TD, dtable_nD);
    }

    /** @param vocabulary ids at or beyond it trap */
    private void sumRows(Stream stream, Tensor ids_T, Tensor dout_TD, long first, Tensor dtable_nD, long vocabulary,
            boolean accumulate, Optional<Tensor> workspace) {
        long tokens = ids_T.elements();
        long rows = dtable_nD.dim(0);
        Tensor scratch = workspace
                .orElseThrow(() -> new DeviceException("the embedding's gradient needs a workspace of "
                        + CudaWorkspaceSizes.INSTANCE.embeddingBackward(tokens, rows)
                        + " bytes; see WorkspaceSizes.embeddingBackward"));
        int dim = Math.toIntExact(dtable_nD.dim(1));
        stream.fill(Tensor.of(scratch.memory(), scratch.byteOffset(), DType.I32,
                CudaWorkspaceSizes.EMBEDDING_COUNTERS + rows), 0);
        kernels.each(stream, "embedding_chains", tokens, of(ids_T), of(scratch), of(tokens), ofInt(first),
                ofInt(rows), ofInt(vocabulary));
        kernels.blocks(stream, "embedding_few" + suffix(dout_TD), tokens,
                Math.min(Kernels.threadsOfRow(dim), Kernels.BLOCK), 0,
                of(ids_T), of(scratch), of(dout_TD), of(dtable_nD), of(tokens), ofInt(first), ofInt(rows), of(dim),
                flag(accumulate));
        long frequent = tokens / (CudaWorkspaceSizes.EMBEDDING_RUNS + 1);
        kernels.blocks(stream, "embedding_lists", frequent, LISTING, 0, of(ids_T), of(scratch), of(tokens),
                ofInt(first), ofInt(rows));
        kernels.blocks(stream, "embedding_many" + suffix(dout_TD), frequent * Math.ceilDiv(dim, SLAB), Kernels.BLOCK, 0,
                of(scratch), of(dout_TD), of(dtable_nD), of(tokens), ofInt(rows), of(dim), flag(accumulate));
    }
}
