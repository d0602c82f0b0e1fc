package io.moe4j.model.deepseek;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.sharding.Parameter;
import io.moe4j.autograd.sharding.ParameterUnit;
import java.util.Optional;

/** x_TD = table[ids]. Gathers its own unit, for as long as it runs. */
final class Embedding implements Operation {
    private final ParameterUnit unit;
    private final Parameter table_VD;
    private final Tensor ids_T;
    private final DType dtype;

    Embedding(ParameterUnit unit, Parameter table_VD, Tensor ids_T, DType dtype) {
        this.unit = unit;
        this.table_VD = table_VD;
        this.ids_T = ids_T;
        this.dtype = dtype;
    }

    @Override
    public String name() {
        return "embedding";
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", dtype, ids_T.dim(0), table_VD.shape()[1]);
    }

    @Override
    public void forward(Tape tape, Tensor x_TD) {
        try (Scope scope = tape.rank().memory().open(); ParameterUnit.Gathered gathered = unit.gather()) {
            tape.ops().embedding().forward(tape.stream(), ids_T, table_VD.value(), x_TD);
        }
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        try (Scope scope = tape.rank().memory().open()) {
            unit.openGradients();
            long bytes = tape.rank().device().workspaceSizes().embeddingBackward(ids_T.dim(0), table_VD.shape()[0]);
            Optional<Tensor> workspace = bytes == 0 ? Optional.empty()
                    : Optional.of(tape.temporary("workspace", DType.I32, (bytes + 3) / 4));
            tape.ops().embedding().backward(tape.stream(), ids_T, gradients.ofOutput(), table_VD.gradient(),
                    table_VD.accumulatesGradient(), workspace);
            unit.reduceGradients();
        }
    }
}
