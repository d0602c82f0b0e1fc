package io.moe4j.autograd.function;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * From queries (T, H·Q) and keys (T, G·Q), and values, to attention's output (T, H·V). Values are read where they are. Keeps the output and the rows'
 * log-sum-exp for backward.
 */
final class CausalAttention implements Operation {
    private static final String ACTIVATIONS = "activations";

    private final AttentionCall call;
    private final AttentionShape shape;
    private final Variable q;
    private final Variable k;
    private final Variable v;
    private @Nullable Tensor lse_BHS;
    private @Nullable Tensor o;
    /** Values that forward stored for backward. */
    private Optional<Tensor> scores = Optional.empty();

    CausalAttention(AttentionCall call, Variable q, Variable k, Variable v) {
        this.call = call;
        this.shape = call.shape();
        this.q = q;
        this.k = k;
        this.v = v;
    }

    @Override
    public String name() {
        return call.name();
    }

    @Override
    public String span() {
        return "attention";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("attention");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        lse_BHS = tape.temporary(ACTIVATIONS, DType.F32, shape.batch(), shape.heads(), shape.sequence());
        o = tape.temporary(ACTIVATIONS, shape.dtype(), shape.batch() * shape.sequence(),
                shape.heads() * shape.valueDim());
        return o;
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        scores = tape.untilGradient(tape.rank().device().workspaceSizes().attentionScores(shape));
        try (Scope scratch = tape.rank().memory().open()) {
            long bytes = tape.rank().device().workspaceSizes().attentionForward(shape);
            tape.ops().attention().forward(tape.stream(), arguments(tape.workspace(bytes)));
        }
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.write(0, dq -> gradients.write(1, dk -> gradients.write(2, dv -> {
            try (Scope scratch = tape.rank().memory().open()) {
                long bytes = tape.rank().device().workspaceSizes().attentionBackward(shape);
                tape.ops().attention().backward(tape.stream(), new AttentionOps.Backward(arguments(Optional.empty()),
                        split(gradients.ofOutput(), shape.heads()), split(dq, shape.heads()),
                        split(dk, shape.keyHeads()), call.values().apply(dv), tape.workspace(bytes)));
            }
        })));
    }

    private AttentionOps.Forward arguments(Optional<Tensor> workspace) {
        if (lse_BHS == null || o == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return new AttentionOps.Forward(shape, call.scale(), split(q.tensor(), shape.heads()),
                split(k.tensor(), shape.keyHeads()), call.values().apply(v.tensor()), split(o, shape.heads()),
                lse_BHS, workspace, starts(), scores);
    }

    /** (T, n·Q) as (B, S, n, Q). */
    private Tensor split(Tensor tensor, long count) {
        return tensor.view(shape.batch(), shape.sequence(), count, tensor.dim(1) / count);
    }

    /** (B, S): where documents begin. */
    private Optional<Tensor> starts() {
        return call.documents().map(bounds -> bounds.starts_T().view(shape.batch(), shape.sequence()));
    }
}
