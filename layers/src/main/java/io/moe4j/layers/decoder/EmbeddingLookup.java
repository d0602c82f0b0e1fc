package io.moe4j.layers.decoder;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.Optional;

/** x_TD = table[ids]. Gathers its own unit while it runs. */
final class EmbeddingLookup implements Operation {
    private final EmbeddingStage stage;
    private final Tensor ids_T;

    EmbeddingLookup(EmbeddingStage stage, Tensor ids_T) {
        this.stage = stage;
        this.ids_T = ids_T;
    }

    @Override
    public String name() {
        return stage.name();
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", stage.dtype(), ids_T.dim(0), stage.table_VD().shape()[1]);
    }

    @Override
    public void forward(Tape tape, Tensor x_TD) {
        try (Scope scope = tape.rank().memory().open(); ParameterUnit.Gathered gathered = stage.unit().gather()) {
            tape.ops().embedding().forward(tape.stream(), ids_T, stage.table_VD().value(), x_TD);
        }
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Parameter table_VD = stage.table_VD();
        if (!table_VD.isTrained()) {
            return;
        }
        Optional<TableShardGradient> ofShard = TableShardGradient.of(stage, tape, ids_T.elements());
        if (ofShard.isPresent()) {
            ofShard.get().sum(ids_T, gradients.ofOutput());
            return;
        }
        try (Scope scope = tape.rank().memory().open()) {
            if (!stage.tied()) {
                stage.unit().openGradients();
            }
            long bytes = tape.rank().device().workspaceSizes().embeddingBackward(ids_T.dim(0), table_VD.shape()[0]);
            Optional<Tensor> workspace = tape.workspace(bytes);
            tape.ops().embedding().backward(tape.stream(), ids_T, gradients.ofOutput(), table_VD.gradient(),
                    table_VD.accumulatesGradient(), workspace);
            for (TableGradients.Rows rows : stage.others().take()) {
                tape.ops().embedding().backward(tape.stream(), rows.ids_T(), rows.gradient_TD(), table_VD.gradient(),
                        table_VD.accumulatesGradient(), workspace);
            }
            stage.unit().reduceGradients();
        }
    }
}
