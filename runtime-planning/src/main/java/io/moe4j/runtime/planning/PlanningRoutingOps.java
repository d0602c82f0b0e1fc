package io.moe4j.runtime.planning;

import io.moe4j.api.device.Stream;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.Tensor;

record PlanningRoutingOps(WorkMeter work) implements RoutingOps {

    @Override
    public void scores(Stream stream, Gate gate, Tensor logits_TE, Tensor scores_TE) {
        PlanningChecks.sameShape("gate scores", logits_TE, scores_TE);
        work.move(logits_TE, scores_TE);
    }

    @Override
    public void select(Stream stream, Gate gate, Tensor scores_TE, Tensor bias_E, Tensor ids_TK) {
        PlanningChecks.live("gate selection", bias_E);
        PlanningChecks.sameRows("gate selection", scores_TE, ids_TK);
        PlanningChecks.that(bias_E.elements() == scores_TE.dim(1), "gate selection", "there is a bias for each expert",
                scores_TE, bias_E);
        work.move(scores_TE, ids_TK);
    }

    @Override
    public void selectRoundRobin(Stream stream, Gate gate, int experts, Tensor ids_TK) {
        PlanningChecks.live("gate selection", ids_TK);
    }

    @Override
    public void weights(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor weights_TK) {
        PlanningChecks.sameRows("gate weights", scores_TE, ids_TK);
        PlanningChecks.sameShape("gate weights", ids_TK, weights_TK);
        work.move(scores_TE, ids_TK, weights_TK);
    }

    @Override
    public void backward(Stream stream, Gate gate, Tensor scores_TE, Tensor ids_TK, Tensor dweights_TK,
            Tensor dlogits_TE) {
        PlanningChecks.sameShape("the gate's gradient", scores_TE, dlogits_TE);
        PlanningChecks.sameShape("the gate's gradient", ids_TK, dweights_TK);
        work.move(scores_TE, dlogits_TE);
    }

    @Override
    public void updateBias(Stream stream, Tensor counts_E, Tensor bias_E, float coefficient) {
        PlanningChecks.sameShape("bias update", counts_E, bias_E);
    }

    @Override
    public void addCounts(Stream stream, Tensor counts_E, Tensor totals_E) {
        PlanningChecks.sameShape("sum of counts", counts_E, totals_E);
    }

    @Override
    public void countBySequence(Stream stream, Tensor ids_TK, Tensor counts_BE) {
        PlanningChecks.live("counts of sequences", ids_TK, counts_BE);
    }

    @Override
    public void losses(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, Tensor terms_2T,
            Tensor sums_2) {
        PlanningChecks.live("losses of routing", logits_TE, counts_BE, terms_2T, sums_2);
    }

    @Override
    public void lossesBackward(Stream stream, Losses losses, Tensor logits_TE, Tensor counts_BE, float balance,
            float z, Tensor dlogits_TE) {
        PlanningChecks.sameShape("the gradient of losses of routing", logits_TE, dlogits_TE);
        PlanningChecks.live("the gradient of losses of routing", counts_BE);
    }
}
