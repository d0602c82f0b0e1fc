package io.moe4j.layers.feedforward;

import io.moe4j.api.ops.RoutingOps.Gate;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;

/**
 * From (logits, scores) to the weights (T, K) of the selected experts. Forward reads the scores; backward gives the gradient with respect to the
 * logits.
 */
final class GateWeights implements Operation {
    private static final int LOGITS = 0;

    private final Gate gate;
    private final Routing routing;
    private final Variable scores_TE;

    GateWeights(Gate gate, Routing routing, Variable scores_TE) {
        this.gate = gate;
        this.routing = routing;
        this.scores_TE = scores_TE;
    }

    @Override
    public String name() {
        return "gate weights";
    }

    @Override
    public String span() {
        return "gate";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("gate.weights");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", DType.F32, scores_TE.tensor().dim(0), gate.topK());
    }

    @Override
    public void forward(Tape tape, Tensor weights_TK) {
        tape.ops().routing().weights(tape.stream(), gate, scores_TE.tensor(), routing.ids_TK(), weights_TK);
    }

    @Override
    public boolean readsInput(int index) {
        return index != LOGITS;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.write(LOGITS, dlogits_TE -> tape.ops().routing().backward(tape.stream(), gate, scores_TE.tensor(),
                routing.ids_TK(), gradients.ofOutput(), dlogits_TE));
    }
}
