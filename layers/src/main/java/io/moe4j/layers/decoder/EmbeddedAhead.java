package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;

/**
 * The embeddings of later tokens, as input of a module for multi-token prediction. They have been looked up already, so forward computes nothing. Backward
 * overwrites them with their gradient, because the embedding's own backward reads it there. By then, every operation that reads the embeddings has run its
 * backward.
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
        // The rows were looked up before.
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        tape.stream().copy(gradients.ofOutput(), rows_TD);
    }
}
