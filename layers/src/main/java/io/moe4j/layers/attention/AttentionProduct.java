package io.moe4j.layers.attention;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.AttentionOps;
import io.moe4j.api.ops.AttentionShape;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.DocumentStarts;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** From rotated queries (T, H·Q) and keys (T, G·Q), and values, to attention's output (T, H·V). Values are read where they are. */
final class AttentionProduct implements Operation {
    private static final String ACTIVATIONS = "activations";

    private final String name;
    private final AttentionShape shape;
    private final float scale;
    private final Optional<DocumentStarts> documents;
    private final Variable q;
    private final Variable k;
    private final Variable v;
    private final UnaryOperator<Tensor> values;
    private @Nullable Tensor lse_BHS;
    private @Nullable Tensor o;
    /** What forward has left to backward. */
    private Optional<Tensor> scores = Optional.empty();

    private AttentionProduct(String name, AttentionShape shape, float scale, Optional<DocumentStarts> documents,
            Variable q, Variable k, Variable v, UnaryOperator<Tensor> values) {
        this.name = name;
        this.shape = shape;
        this.scale = scale;
        this.documents = documents;
        this.q = q;
        this.k = k;
        this.v = v;
        this.values = values;
    }

    /** With values (T, G·V). */
    static AttentionProduct grouped(AttentionShape shape, float scale, Optional<DocumentStarts> documents, Variable q,
            Variable k, Variable v) {
        return new AttentionProduct("grouped-query attention", shape, scale, documents, q, k, v,
                tensor -> split(tensor, shape, shape.keyHeads()));
    }

    /**
     * With values beside the unrotated part of the keys, in {@code keysValues} (T, H·(N + V)). Backward writes the columns of values of the gradient with
     * respect to {@code keysValues}, and {@link LatentKeys} the others.
     */
    static AttentionProduct latent(LatentAttention spec, AttentionShape shape, Optional<DocumentStarts> documents,
            Variable q, Variable k, Variable keysValues) {
        return new AttentionProduct("latent attention", shape, spec.softmaxScale(), documents, q, k, keysValues,
                tensor -> split(tensor, shape, spec.heads()).slice(3, spec.nope(), spec.nope() + spec.value()));
    }

    @Override
    public String name() {
        return name;
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
                        split(gradients.ofOutput(), shape, shape.heads()), split(dq, shape, shape.heads()),
                        split(dk, shape, shape.keyHeads()), values.apply(dv), tape.workspace(bytes)));
            }
        })));
    }

    private AttentionOps.Forward arguments(Optional<Tensor> workspace) {
        if (lse_BHS == null || o == null) {
            throw new IllegalStateException(name + " has not been applied");
        }
        return new AttentionOps.Forward(shape, scale, split(q.tensor(), shape, shape.heads()),
                split(k.tensor(), shape, shape.keyHeads()), values.apply(v.tensor()), split(o, shape, shape.heads()),
                lse_BHS, workspace, starts(), scores);
    }

    /** (T, n·Q) as (B, S, n, Q). */
    private static Tensor split(Tensor tensor, AttentionShape shape, long count) {
        return tensor.view(shape.batch(), shape.sequence(), count, tensor.dim(1) / count);
    }

    /** (B, S): where documents begin. */
    private Optional<Tensor> starts() {
        return documents.map(bounds -> bounds.starts_T().view(shape.batch(), shape.sequence()));
    }
}
