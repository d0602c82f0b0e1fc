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
import io.moe4j.layers.rotary.Rotary;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * From projections to attention's output (T, H·V): rotates queries and the shared key, assembles keys, attends. The queries are rotated in place.
 * This is safe because their projection does not read them in backward. Values are read in place, beside the unrotated part of the keys.
 */
final class RotaryLatentAttention implements Operation {
    private static final String ACTIVATIONS = "activations";

    private final LatentAttention spec;
    private final AttentionShape shape;
    private final Rotary rotary;
    private final Optional<DocumentStarts> documents;
    private final Variable q;
    private final Variable keysValues;
    private final Variable latent_TC;
    private @Nullable State state;

    RotaryLatentAttention(LatentAttention spec, AttentionShape shape, Rotary rotary,
            Optional<DocumentStarts> documents, Variable q, Variable keysValues, Variable latent_TC) {
        this.spec = spec;
        this.shape = shape;
        this.rotary = rotary.within(documents);
        this.documents = documents;
        this.q = q;
        this.keysValues = keysValues;
        this.latent_TC = latent_TC;
    }

    @Override
    public String name() {
        return "latent attention";
    }

    @Override
    public String span() {
        return "attention";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        long tokens = shape.batch() * shape.sequence();
        Tensor k_THQ = tape.temporary(ACTIVATIONS, shape.dtype(), tokens, spec.heads(), spec.queryKey());
        Tensor lse = tape.temporary(ACTIVATIONS, DType.F32, shape.batch(), spec.heads(), shape.sequence());
        Tensor o = tape.temporary(ACTIVATIONS, shape.dtype(), tokens, spec.heads() * spec.value());
        state = new State(k_THQ, lse, o);
        return o;
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        State made = state();
        Tensor q_THR = turned(heads(q.tensor(), spec.queryKey()));
        rotary.turn(tape, q_THR, q_THR);
        tape.ops().elementwise().copy(tape.stream(), keyPart(keysValues.tensor()), made.k_THQ.slice(2, 0, spec.nope()));
        rotary.turn(tape, repeated(sharedKey(latent_TC.tensor())), turned(made.k_THQ));
        try (Scope scratch = tape.rank().memory().open()) {
            long bytes = tape.rank().device().workspaceSizes().attentionForward(shape);
            tape.ops().attention().forward(tape.stream(), arguments(made, workspace(tape, bytes)));
        }
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        gradients.write(0, dq -> gradients.write(1, dkv -> gradients.write(2, dlatent -> {
            try (Scope scratch = tape.rank().memory().open()) {
                differentiate(tape, gradients.ofOutput(), heads(dq, spec.queryKey()), dkv, dlatent);
            }
        })));
    }

    private void differentiate(Tape tape, Tensor dO, Tensor dq_THQ, Tensor dkv, Tensor dlatent_TC) {
        State made = state();
        long tokens = shape.batch() * shape.sequence();
        Tensor dk_THQ = tape.temporary("gradients of activations", shape.dtype(), tokens, spec.heads(),
                spec.queryKey());
        long bytes = tape.rank().device().workspaceSizes().attentionBackward(shape);
        tape.ops().attention().backward(tape.stream(), new AttentionOps.Backward(arguments(made, Optional.empty()),
                split(heads(dO, spec.value())), split(dq_THQ), split(dk_THQ), split(valuePart(dkv)),
                workspace(tape, bytes)));
        rotary.turnBack(tape, turned(dq_THQ), turned(dq_THQ));
        tape.ops().elementwise().copy(tape.stream(), dk_THQ.slice(2, 0, spec.nope()), keyPart(dkv));
        tape.stream().fill(dlatent_TC, 0);
        Tensor dkey_T1R = sharedKey(dlatent_TC);
        tape.ops().elementwise().sumMiddle(tape.stream(), turned(dk_THQ), dlatent_TC.slice(1, spec.latent(),
                dlatent_TC.dim(1)), false);
        rotary.turnBack(tape, dkey_T1R, dkey_T1R);
    }

    private AttentionOps.Forward arguments(State made, Optional<Tensor> workspace) {
        return new AttentionOps.Forward(shape, spec.softmaxScale(), split(heads(q.tensor(), spec.queryKey())),
                split(made.k_THQ), split(valuePart(keysValues.tensor())), split(heads(made.o, spec.value())),
                made.lse_BHS, workspace, starts());
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

    private Tensor turned(Tensor tensor_THQ) {
        return tensor_THQ.slice(2, spec.nope(), spec.queryKey());
    }

    private Tensor keyPart(Tensor keysValues) {
        return heads(keysValues, spec.nope() + spec.value()).slice(2, 0, spec.nope());
    }

    private Tensor valuePart(Tensor keysValues) {
        return heads(keysValues, spec.nope() + spec.value()).slice(2, spec.nope(), spec.nope() + spec.value());
    }

    /** (T, 1, R): the columns after the latent, which are the R rotated elements of the shared key. */
    private Tensor sharedKey(Tensor latent_TC) {
        return latent_TC.view(latent_TC.dim(0), 1, latent_TC.dim(1)).slice(2, spec.latent(), latent_TC.dim(1));
    }

    /** (T, 1, R) as (T, H, R), the same for all heads. */
    private Tensor repeated(Tensor key_T1R) {
        return key_T1R.strided(new long[] {key_T1R.dim(0), spec.heads(), key_T1R.dim(2)},
                new long[] {key_T1R.stride(0), 0, key_T1R.stride(2)});
    }

    /** (B, S): where documents begin. */
    private Optional<Tensor> starts() {
        return documents.map(bounds -> bounds.starts_T().view(shape.batch(), shape.sequence()));
    }

    private static Optional<Tensor> workspace(Tape tape, long bytes) {
        return bytes == 0 ? Optional.empty() : Optional.of(tape.temporary("workspace", DType.I32, (bytes + 3) / 4));
    }

    private State state() {
        if (state == null) {
            throw new IllegalStateException(name() + " has not been applied");
        }
        return state;
    }

    private record State(Tensor k_THQ, Tensor lse_BHS, Tensor o) {}
}
