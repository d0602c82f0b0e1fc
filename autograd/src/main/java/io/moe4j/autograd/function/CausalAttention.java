package io.moe4j.autograd.function;

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

/** Keeps the output and the rows' log-sum-exp for backward. */
final class CausalAttention implements Operation {
    private final AttentionShape shape;
    private final float scale;
    private final Variable q;
    private final Variable k;
    private final Variable v;
    private @Nullable Tensor lse_BHS;
    private @Nullable Tensor output;

    CausalAttention(AttentionShape shape, float scale, Variable q, Variable k, Variable v) {
        this.shape = shape;
        this.scale = scale;
        this.q = q;
        this.k = k;
        this.v = v;
    }

    @Override
    public String name() {
        return "attention";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("attention");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        lse_BHS = tape.temporary("activations", DType.F32, shape.batch(), shape.heads(), shape.sequence());
        output = tape.temporary("activations", q.tensor().dtype(), shape.batch() * shape.sequence(),
                shape.heads() * shape.valueDim());
        return output;
    }

    @Override
    public void forward(Tape tape, Tensor o) {
        long bytes = tape.rank().device().workspaceSizes().attentionForward(shape);
        tape.ops().attention().forward(tape.stream(), arguments(tape.workspace(bytes)));
    }

    @Override
    public boolean backwardNeedsForward() {
        return true;
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        long bytes = tape.rank().device().workspaceSizes().attentionBackward(shape);
        Optional<Tensor> workspace = tape.workspace(bytes);
        gradients.write(0, dq -> gradients.write(1, dk -> gradients.write(2,
                dv -> tape.ops().attention().backward(tape.stream(),
                        new AttentionOps.Backward(arguments(Optional.empty()),
                                heads(gradients.ofOutput(), shape.valueDim()), heads(dq, shape.queryKeyDim()),
                                heads(dk, shape.queryKeyDim()),
                                heads(dv, shape.valueDim()), workspace)))));
    }

    private AttentionOps.Forward arguments(Optional<Tensor> workspace) {
        if (lse_BHS == null || output == null) {
            throw new IllegalStateException("attention has not been applied");
        }
        return new AttentionOps.Forward(shape, scale, heads(q.tensor(), shape.queryKeyDim()),
                heads(k.tensor(), shape.queryKeyDim()),
                heads(v.tensor(), shape.valueDim()), heads(output, shape.valueDim()), lse_BHS, workspace);
    }

    private Tensor heads(Tensor tensor, long dim) {
        return tensor.view(shape.batch(), shape.sequence(), shape.heads(), dim);
    }
}
