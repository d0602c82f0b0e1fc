package io.moe4j.layers.decoder;

import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.model.Stage;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.List;

/**
 * Maps token ids to rows of a table.
 *
 * @param table_VD a row for each token of the vocabulary
 * @param tied whether the table is also the head's projection, whose gradient is computed before this one
 * @param others gradients of rows that other stages have looked up
 * @param dtype element type of x
 */
record EmbeddingStage(ParameterUnit unit, Parameter table_VD, boolean tied, TableGradients others, DType dtype)
        implements Stage.First {

    @Override
    public String name() {
        return "embedding";
    }

    @Override
    public List<ParameterUnit> units() {
        return List.of(unit);
    }

    @Override
    public Variable forward(Tape tape, Tensor ids_T) {
        return tape.apply(new EmbeddingLookup(this, ids_T));
    }
}
