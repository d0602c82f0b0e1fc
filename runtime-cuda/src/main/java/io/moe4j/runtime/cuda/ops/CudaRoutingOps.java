package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;

import io.moe4j.api.device.KernelArg;
import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.Tensor;

/** The gate, on the kernels of {@code routing.cu}. */
final class CudaRoutingOps implements RoutingOps {
    private final Kernels kernels;

    CudaRoutingOps(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public void scores(Stream stream, Gate gate, Tensor logits_TE, Tensor scores_TE) {
        require(logits_TE.shape().equals(scores_TE.shape()) && logits_TE.isContiguous() && scores_TE.isContiguous(),
                "scores", logits_TE, scores_TE);
        kernels.warps(stream, "gate_scores", logits_TE.dim(0), 0, of(logits_TE), of(scores_TE), of(logits_TE.dim(0)),
                ofInt(logits_TE.dim(1)),
                mode(gate));
    }

    @Override
    public void select(Stream stream, Gate gate, Tensor scores_TE, Tensor bias_E, Tensor ids_TK) {
        int experts = Math.toIntExact(scores_TE.dim(1));
        require(experts % gate.groups() == 0 && gate.groups() <= 32 && gate.topK() <= 32 && experts <= 1024
                && scores_TE.isContiguous() && ids_TK.isContiguous(), "select",
                scores_TE, gate);
        kernels.warps(stream, "gate_select", scores_TE.dim(0), experts * Float.BYTES, of(scores_TE), of(bias_E),
                of(ids_TK),
                of(scores_TE.dim(0)), of(experts), of(gate.topK()), of(gate.groups()), of(gate.keptGroups()),
                flag(gate.groupValue() == GroupValue.LARGEST));
    }

    @Override
    public void selectRoundRobin(Stream stream, Gate gate, int experts, Tensor ids_TK) {
        kernels.each(stream, "gate_round_robin", ids_TK.elements(), of(ids_TK), of(ids_TK.elements()), of(experts));
    }

    @Override
    public void weights(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor weights_TK) {
        require(scores_TE.isContiguous() && weights_TK.shape().equals(ids_TK.shape()) && weights_TK.isContiguous(),
                "weights", scores_TE, ids_TK, weights_TK);
        kernels.each(stream, "gate_weights", scores_TE.dim(0), of(scores_TE), of(ids_TK), of(weights_TK),
                of(scores_TE.dim(0)),
                ofInt(scores_TE.dim(1)), of(gate.topK()), flag(gate.normalise()), of(gate.scale()));
    }

    @Override
    public void backward(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor dweights_TK,
            Tensor dlogits_TE) {
        require(scores_TE.isContiguous() && dlogits_TE.shape().equals(scores_TE.shape()) && dlogits_TE.isContiguous()
                && dweights_TK.shape().equals(ids_TK.shape()), "weights' gradient", scores_TE, ids_TK, dweights_TK,
                dlogits_TE);
        kernels.warps(stream, "gate_backward", scores_TE.dim(0), 0, of(scores_TE), of(ids_TK), of(dweights_TK),
                of(dlogits_TE),
                of(scores_TE.dim(0)), ofInt(scores_TE.dim(1)), of(gate.topK()), mode(gate), flag(gate.normalise()),
                of(gate.scale()));
    }

    @Override
    public void updateBias(Stream stream, Tensor counts_E, Tensor bias_E, float coefficient) {
        kernels.blocks(stream, "gate_update_bias", 1, Kernels.BLOCK, 0, of(counts_E), of(bias_E),
                ofInt(counts_E.elements()), of(coefficient));
    }

    @Override
    public void addCounts(Stream stream, Tensor counts_E, Tensor totals_E) {
        kernels.blocks(stream, "gate_add_counts", 1, Kernels.BLOCK, 0, of(counts_E), of(totals_E),
                ofInt(counts_E.elements()));
    }

    @Override
    public void countBySequence(Stream stream, Tensor ids_TK, Tensor counts_BE) {
        require(ids_TK.isContiguous() && counts_BE.isContiguous(), "counts of sequences", ids_TK, counts_BE);
        stream.fill(counts_BE, 0);
        kernels.each(stream, "router_count", ids_TK.elements(), of(ids_TK), of(counts_BE), of(ids_TK.elements()),
                of(ids_TK.elements() / Math.max(1, counts_BE.dim(0))), ofInt(counts_BE.dim(1)));
    }

    @Override
    public void losses(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, Tensor terms_2T,
            Tensor sums_2) {
        long tokens = logits_TE.dim(0);
        requireSequences(losses, logits_TE, counts_BE);
        require(terms_2T.elements() == 2 * tokens && terms_2T.isContiguous() && sums_2.elements() == 2
                && terms_2T.dtype().isSinglePrecision() && sums_2.dtype().isSinglePrecision(), "losses of routing",
                logits_TE, terms_2T, sums_2);
        kernels.warps(stream, "router_losses", tokens, 0, of(logits_TE), of(counts_BE), of(terms_2T), of(tokens),
                of(losses.sequence()), ofInt(logits_TE.dim(1)), mode(losses.score()), share(losses, logits_TE));
        kernels.blocks(stream, "router_losses_sum", Math.min(tokens, 1), 1024, 0, of(terms_2T), of(tokens),
                of(sums_2));
    }

    @Override
    public void lossesBackward(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, float balance,
            float z, Tensor dlogits_TE) {
        requireSequences(losses, logits_TE, counts_BE);
        require(dlogits_TE.shape().equals(logits_TE.shape()) && dlogits_TE.isContiguous(),
                "the gradient of losses of routing", logits_TE, dlogits_TE);
        kernels.warps(stream, "router_losses_backward", logits_TE.dim(0), 0, of(logits_TE), of(counts_BE),
                of(dlogits_TE), of(logits_TE.dim(0)), of(losses.sequence()), ofInt(logits_TE.dim(1)),
                mode(losses.score()), share(losses, logits_TE), of(balance), of(z));
    }

    private static void requireSequences(Losses losses, Tensor logits_TE, Tensor counts_BE) {
        require(logits_TE.isContiguous() && counts_BE.isContiguous() && logits_TE.dim(1) == counts_BE.dim(1)
                && counts_BE.dim(0) * losses.sequence() == logits_TE.dim(0), "losses of routing", logits_TE,
                counts_BE, losses);
    }

    private static KernelArg share(Losses losses, Tensor logits_TE) {
        return of((float) ((double) logits_TE.dim(1) / (losses.topK() * losses.sequence())));
    }

    private static KernelArg mode(Gate gate) {
        return mode(gate.score());
    }

    private static KernelArg mode(Score score) {
        return of(score == Score.SOFTMAX ? 0 : 1);
    }
}
