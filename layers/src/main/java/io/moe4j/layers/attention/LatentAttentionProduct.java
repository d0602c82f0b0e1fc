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
import org.jspecify.annotations.Nullable;

/**
 * From rotated queries and keys (T, H·Q), and values, to attention's output (T, H·V). Values are read in place, beside the unrotated part of the keys in
 * {@code keysValues} (T, H·(N + V)). Backward writes the columns of values of the gradient with respect to {@code keysValues}, and {@link LatentKeys}
 * the others.
 */
final class LatentAttentionProduct implements Operation {
    private static final String ACTIVATIONS = "activations";

    private final LatentAttention spec;
    private final AttentionShape shape;
    private final Optional<DocumentStarts> documents;
    private final Variable q;
    private final Variable k;
    private final Variable keysValues;
    private @Nullable Tensor lse_BHS;
    private @Nullable Tensor o;
    /** What forward has left to backward. */
    private Optional<Tensor> scores = Optional.empty();

    LatentAttentionProduct(LatentAttention spec, AttentionShape shape, Optional<DocumentStarts> documents, Variable q,
            Variable k, Variable keysValues) {
        this.spec = spec;
        this.shape = shape;
        this.documents = documents;
        this.q = q;
        this.k = k;
        this.keysValues = keysValues;
    }

    @Override
    public String name() {
        return "latent attention";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("attention");
    }

    @Override
    public String span() {
        return "attention";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        long tokens = shape.batch() * shape.sequence();
        lse_BHS = tape.temporary(ACTIVATIONS, DType.F32, shape.batch(), spec.heads(), shape.sequence());
        o = tape.temporary(ACTIVATIONS, shape.dtype(), tokens, spec.heads() * spec.value());
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
        gradients.write(0, dq -> gradients.write(1, dk -> gradients.write(2, dkv -> {
            try (Scope scratch = tape.rank().memory().open()) {
                long bytes = tape.rank().device().workspaceSizes().attentionBackward(shape);
                tape.ops().attention().backward(tape.stream(), new AttentionOps.Backward(arguments(Optional.empty()),
                        split(heads(gradients.ofOutput(), spec.value())), split(heads(dq, spec.queryKey())),
                        split(heads(dk, spec.queryKey())), split(valuePart(dkv)), tape.workspace(bytes)));
            }
        })));
    }

    private AttentionOps.Forward arguments(Optional<Tensor> workspace) {
        if (lse_BHS == null || o == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return new AttentionOps.Forward(shape, spec.softmaxScale(), split(heads(q.tensor(), spec.queryKey())),
                split(heads(k.tensor(), spec.queryKey())), split(valuePart(keysValues.tensor())),
                split(heads(o, spec.value())), lse_BHS, workspace, starts(), scores);
    }

    /** (T, H·n) as (T, H, n). */
    private Tensor heads(Tensor tensor, long dim) {
        return tensor.view(tensor.dim(0), spec.heads(), dim);
    }

    /** (T, H, n) as (B, S, H, n), with any strides. */
    private Tensor split(Tensor tensor) {
        return tensor.strided(
                new long[] {shape.batch(), shape.sequence(), tensor.dim(1), tensor.dim(2)},
                new long[] {shape.sequence() * tensor.stride(0), tensor.stride(0), tensor.stride(1), tensor.stride(2)});
    }

    private Tensor valuePart(Tensor keysValues) {
        return heads(keysValues, spec.nope() + spec.value()).slice(2, spec.nope(), spec.nope() + spec.value());
    }

    /** (B, S): where documents begin. */
    private Optional<Tensor> starts() {
        return documents.map(bounds -> bounds.starts_T().view(shape.batch(), shape.sequence()));
    }
}
