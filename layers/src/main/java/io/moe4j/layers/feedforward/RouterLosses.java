package io.moe4j.layers.feedforward;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.RoutingOps;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.model.RouterLossFactors;

/**
 * Adds the gradient of the router's auxiliary losses to the gradient with respect to the logits. Its input and output are the unchanged weights of the
 * selected experts, so that backward passes through it. The losses themselves are summed when experts are selected, once in a step.
 */
final class RouterLosses implements Operation {
    private static final int WEIGHTS = 0;
    private static final int LOGITS = 1;

    private final RoutingOps.Losses losses;
    private final RouterLossFactors factors;
    private final Routing routing;
    private final Variable weights_TK;
    private final Variable logits_TE;

    RouterLosses(RoutingOps.Losses losses, RouterLossFactors factors, Routing routing, Variable weights_TK,
            Variable logits_TE) {
        this.losses = losses;
        this.factors = factors;
        this.routing = routing;
        this.weights_TK = weights_TK;
        this.logits_TE = logits_TE;
    }

    /** Enqueues adding the tokens' terms to {@code sums_2}. */
    static void addTerms(Tape tape, RoutingOps.Losses losses, Tensor logits_TE, Tensor counts_BE, Tensor sums_2) {
        try (Scope scope = tape.rank().memory().open()) {
            Tensor terms_2T = tape.temporary("workspace", DType.F32, 2, logits_TE.dim(0));
            tape.ops().routing().losses(tape.stream(), losses, logits_TE, counts_BE, terms_2T, sums_2);
        }
    }

    @Override
    public String name() {
        return "losses of routing";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return weights_TK.tensor();
    }

    @Override
    public void forward(Tape tape, Tensor output) {}

    @Override
    public boolean readsInput(int index) {
        return index == LOGITS;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.pass(WEIGHTS, gradients.ofOutput());
        gradients.write(LOGITS, dlogits_TE -> tape.ops().routing().lossesBackward(tape.stream(), losses,
                logits_TE.tensor(), routing.counts_BE().orElseThrow(), factors.balance(), factors.z(), dlogits_TE));
    }
}
