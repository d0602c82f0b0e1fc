package io.moe4j.model.deepseek;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** From logits to the weights (T, K) of the selected experts. The selection is made on the way, in forward only; see {@link Routing}. */
final class GateWeights implements Operation {
    static final String ROUTING = "routing";

    private final Gate gate;
    private final Variable logits_TE;
    private final Function<Tensor, Routing> decide;
    private @Nullable Tensor scores_TE;

    /** @param decide the selection from scores_TE */
    GateWeights(Gate gate, Variable logits_TE, Function<Tensor, Routing> decide) {
        this.gate = gate;
        this.logits_TE = logits_TE;
        this.decide = decide;
    }

    @Override
    public String name() {
        return "gate weights";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        scores_TE = tape.temporary("activations", DType.F32, Tape.extents(logits_TE.tensor()));
        return tape.temporary("activations", DType.F32, logits_TE.tensor().dim(0), gate.topK());
    }

    @Override
    public void forward(Tape tape, Tensor weights_TK) {
        Tensor scores = scores();
        tape.ops().routing().scores(tape.stream(), gate, logits_TE.tensor(), scores);
        Routing routing = tape.kept(Routing.class, ROUTING, () -> decide.apply(scores));
        tape.ops().routing().weights(tape.stream(), gate, scores, routing.ids_TK(), weights_TK);
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public boolean readsInput(int index) {
        return false;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Routing routing = MoeFeedForward.routing(tape);
        gradients.write(0, dlogits_TE -> tape.ops().routing().backward(tape.stream(), gate, scores(),
                routing.ids_TK(), gradients.ofOutput(), dlogits_TE));
    }

    private Tensor scores() {
        if (scores_TE == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return scores_TE;
    }
}
