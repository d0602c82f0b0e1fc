package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;

/**
 * The embeddings of tokens ahead, which were looked up before. Backward puts their gradient into the same place: whatever reads them has had its backward by
 * then, and the embedding's own backward finds the gradient there.
 */
final class EmbeddedAhead implements Operation {
    private final Tensor rows_TD;

    EmbeddedAhead(Tensor rows_TD) {
        this.rows_TD = rows_TD;
    }

    @Override
    public String name() {
        return "embedding ahead";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return rows_TD;
    }

    @Override
    public void forward(Tape tape, Tensor output) {
        // They are there.
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        tape.stream().copy(gradients.ofOutput(), rows_TD);
    }
}
