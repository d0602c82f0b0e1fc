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
 * From logits to scores (T, E). No operation contributes a gradient with respect to the scores: the backward of {@link GateWeights} computes the
 * gradient with respect to the logits directly.
 */
final class GateScores implements Operation {
    private final Gate gate;
    private final Variable logits_TE;

    GateScores(Gate gate, Variable logits_TE) {
        this.gate = gate;
        this.logits_TE = logits_TE;
    }

    @Override
    public String name() {
        return "gate scores";
    }

    @Override
    public String span() {
        return "gate";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("gate.scores");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", DType.F32, Tape.extents(logits_TE.tensor()));
    }

    @Override
    public void forward(Tape tape, Tensor scores_TE) {
        tape.ops().routing().scores(tape.stream(), gate, logits_TE.tensor(), scores_TE);
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        throw new IllegalStateException("a gradient with respect to gate scores has been contributed, but the weights'"
                + " gradient goes directly to the logits");
    }
}
