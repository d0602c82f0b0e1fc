package io.moe4j.runtime.cuda.ops;

import static io.moe4j.runtime.cuda.ops.Kernels.flag;
import static io.moe4j.runtime.cuda.ops.Kernels.of;
import static io.moe4j.runtime.cuda.ops.Kernels.ofInt;
import static io.moe4j.runtime.cuda.ops.Kernels.require;

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

    private static io.moe4j.api.device.KernelArg mode(Gate gate) {
        return of(gate.score() == Score.SOFTMAX ? 0 : 1);
    }
}
