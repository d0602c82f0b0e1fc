package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.suffix;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.AttentionOps.Backward;
import io.moe4j.api.ops.AttentionOps.Forward;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.runtime.cuda.cudnn.AttentionWorkspace;
import io.moe4j.runtime.cuda.cudnn.CudnnAttention;

/**
 * The gradient of grouped queries on cuDNN. Its deterministic kernel does not sum over the query heads of a key head (seen with cuDNN 9.19 on an H200). So it
 * runs H / G times, each time on G query heads, one for each key head. With H = 4 and G = 2, run 0 takes the query heads 0 and 2, and run 1 takes 1 and 3:
 * cuDNN gets a stride of 2 heads. Each run writes its own dk and dv, which are then summed in fp32, in the order of the runs.
 */
final class GroupedBackward {
    private final Kernels kernels;
    private final CudnnAttention cudnn;

    GroupedBackward(Kernels kernels, CudnnAttention cudnn) {
        this.kernels = kernels;
        this.cudnn = cudnn;
    }

    /** Enqueues the gradient and returns true, or returns false if cuDNN has no kernel for it. */
    boolean run(Stream stream, Backward b) {
        AttentionShape shape = b.forward().shape();
        if (!AttentionWorkspace.mayUse(shape) || b.workspace().isEmpty()) {
            return false;
        }
        long sequences = AttentionWorkspace.sequencesAtOnce(AttentionWorkspace.oneRun(shape));
        for (long from = 0; from < shape.batch(); from += sequences) {
            if (!new Sequences(stream, b, from, sequences).run()) {
                return false;
            }
        }
        return true;
    }

    /** The sequences that cuDNN processes at once. */
    private final class Sequences {
        private final Stream stream;
        private final Backward b;
        private final AttentionShape whole;
        private final AttentionShape shape;
        private final long from;
        private final Tensor lse_PA;
        private final Tensor dk_PBSGQ;
        private final Tensor dv_PBSGV;
        private final Tensor workspace;

        Sequences(Stream stream, Backward b, long from, long count) {
            this.stream = stream;
            this.b = b;
            this.from = from;
            whole = b.forward().shape();
            shape = AttentionShape.of(count, whole.sequence(), whole.keyHeads(), whole.queryKeyDim(), whole.valueDim(),
                    whole.dtype());
            Tensor given = b.workspace().orElseThrow();
            AttentionWorkspace.Grouped layout = AttentionWorkspace.grouped(whole);
            long parts = whole.queriesPerKey();
            lse_PA = part(given, layout.lse(), DType.F32, parts, layout.lseApart());
            dk_PBSGQ = part(given, layout.dk(), whole.dtype(), parts, count, whole.sequence(), whole.keyHeads(),
                    whole.queryKeyDim());
            dv_PBSGV = part(given, layout.dv(), whole.dtype(), parts, count, whole.sequence(), whole.keyHeads(),
                    whole.valueDim());
            workspace = part(given, layout.run(), DType.I32, (layout.bytes() - layout.run()) / Integer.BYTES);
        }

        boolean run() {
            long rows = shape.batch() * whole.heads() * whole.sequence();
            kernels.each(stream, "attention_split_heads", rows, of(here(b.forward().lse_BHS())), of(lse_PA),
                    of(lse_PA.stride(0)), of(shape.batch()), of(whole.sequence()), ofInt(whole.heads()),
                    ofInt(whole.queriesPerKey()));
            for (long run = 0; run < whole.queriesPerKey(); run++) {
                if (!cudnn.backward(stream, arguments(run))) {
                    return false;
                }
            }
            sum(dk_PBSGQ, here(b.dk_BSHQ()));
            sum(dv_PBSGV, here(b.dv_BSHV()));
            return true;
        }

        private Backward arguments(long run) {
            Forward a = b.forward();
            Forward heads = Forward.of(shape, a.scale(), heads(a.q_BSHQ(), run), here(a.k_BSHQ()), here(a.v_BSHV()),
                    heads(a.o_BSHV(), run), lse(run));
            return Backward.of(heads, heads(b.do_BSHV(), run), heads(b.dq_BSHQ(), run), dk_PBSGQ.select(run),
                    dv_PBSGV.select(run)).withWorkspace(workspace);
        }

        /** (B, G, S) of a run. */
        private Tensor lse(long run) {
            return lse_PA.select(run).slice(0, 0, shape.batch() * shape.heads() * shape.sequence()).view(shape.batch(),
                    shape.heads(), shape.sequence());
        }

        private void sum(Tensor parts, Tensor out) {
            kernels.each(stream, "attention_sum_runs" + suffix(out), out.elements() / 8, of(parts), of(out),
                    of(shape.batch()), of(whole.sequence()), ofInt(whole.keyHeads()), ofInt(whole.queriesPerKey()),
                    ofInt(out.dim(3)), of(out.stride(0)), of(out.stride(1)), of(out.stride(2)));
        }

        /** The sequences of this object. */
        private Tensor here(Tensor tensor) {
            return tensor.slice(0, from, from + shape.batch());
        }

        /** The query heads of a run: {@code run}, H/G + {@code run}, 2·H/G + {@code run} and so on. */
        private Tensor heads(Tensor tensor_BSHn, long run) {
            Tensor first = here(tensor_BSHn).slice(2, run, run + 1);
            return first.strided(new long[] {shape.batch(), shape.sequence(), shape.heads(), first.dim(3)}, new long[] {
                    first.stride(0), first.stride(1), whole.queriesPerKey() * first.stride(2), first.stride(3)});
        }

        private static Tensor part(Tensor workspace, long offset, DType dtype, long... extents) {
            return Tensor.of(workspace.memory(), workspace.byteOffset() + offset, dtype, extents);
        }
    }
}
