package io.moe4j.layers.feedforward;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.Optional;

/** logits_TE = x_TD · wᵀ in fp32, and its gradients in fp32, for every type of x, because routing is sensitive to rounding. */
final class GateLogits implements Operation {
    private final Variable x_TD;
    private final Parameter w_ED;

    GateLogits(Variable x_TD, Parameter w_ED) {
        this.x_TD = x_TD;
        this.w_ED = w_ED;
    }

    @Override
    public String name() {
        return "gate " + w_ED.name();
    }

    @Override
    public String span() {
        return "gate";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of("gate.logits");
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", DType.F32, x_TD.tensor().dim(0), w_ED.shape()[0]);
    }

    @Override
    public void forward(Tape tape, Tensor logits_TE) {
        tape.ops().matmul().matmul(tape.stream(), Matmul.ofTransposedB(x_TD.tensor(), w_ED.value(), logits_TE));
    }

    /** A frozen gate needs no gradient, which is what the input is read for. */
    @Override
    public boolean readsInput(int index) {
        return w_ED.isTrained();
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dlogits_TE = gradients.ofOutput();
        if (w_ED.isTrained()) {
            multiply(tape, Matmul.ofTransposedA(dlogits_TE, x_TD.tensor(), w_ED.gradient())
                    .accumulating(w_ED.accumulatesGradient()));
        }
        gradients.accumulate(0, (dx_TD, accumulate) -> multiply(tape,
                Matmul.of(dlogits_TE, w_ED.value(), dx_TD).accumulating(accumulate)));
    }

    private static void multiply(Tape tape, Matmul product) {
        if (product.b().dtype().isSinglePrecision()) {
            tape.ops().matmul().matmul(tape.stream(), product);
            return;
        }
        long bytes = tape.rank().device().workspaceSizes().mixedMatmul(product);
        try (Scope scratch = tape.rank().memory().open()) {
            Tensor workspace = tape.temporary("workspace", DType.I32, Math.ceilDiv(bytes, Integer.BYTES));
            tape.ops().mixedMatmul(tape.stream(), product, workspace);
        }
    }
}
