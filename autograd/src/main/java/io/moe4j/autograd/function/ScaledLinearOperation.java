package io.moe4j.autograd.function;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Operation;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.List;
import java.util.Optional;

/**
 * y = x · wᵀ, whose operands are in 8 bits (DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 3.3). With q for quantizing: y = q(x) · q(w)ᵀ and
 * dx = q(dy) · q(w), with one scale for each 1 × 128 of x and dy, and for each 128 × 128 of w; dw = q(dy)ᵀ · q(x), with one scale for each 128 × 1, since
 * it sums over tokens. Results are those of fp32 sums. What is quantized lives for one product; the activations themselves keep their type.
 */
final class ScaledLinearOperation implements Operation {
    private final Variable x_TI;
    private final Parameter w_OI;
    private final DType type;

    ScaledLinearOperation(Variable x_TI, Parameter w_OI) {
        this.x_TI = x_TI;
        this.w_OI = w_OI;
        this.type = w_OI.scaledType().orElseThrow();
    }

    @Override
    public String name() {
        return "linear " + w_OI.name();
    }

    @Override
    public String span() {
        return "linear";
    }

    @Override
    public Optional<String> kind() {
        return Optional.of(w_OI.role());
    }

    @Override
    public Tensor allocateOutput(Tape tape) {
        return tape.temporary("activations", x_TI.tensor().dtype(), x_TI.tensor().dim(0), w_OI.shape()[0]);
    }

    @Override
    public void forward(Tape tape, Tensor y_TO) {
        try (Scope scope = tape.rank().memory().open()) {
            multiply(tape, Matmul.ofTransposedB(Quantized.rows(tape, type, x_TI.tensor()), w_OI.operand(), y_TO));
        }
    }

    @Override
    public boolean readsInput(int index) {
        return w_OI.isTrained();
    }

    @Override
    public void backward(Tape tape, Gradients gradients) {
        Tensor dy_TO = gradients.ofOutput();
        if (gradients.wants(0)) {
            gradients.accumulate(0, (dx_TI, accumulate) -> {
                try (Scope scope = tape.rank().memory().open()) {
                    Tensor rows_TO = Quantized.rowsLike(tape, type, dy_TO);
                    backward(tape, dy_TO, Optional.of(rows_TO));
                    multiply(tape, Matmul.of(rows_TO, w_OI.operand(), dx_TI).accumulating(accumulate));
                }
            });
        } else {
            try (Scope scope = tape.rank().memory().open()) {
                backward(tape, dy_TO, Optional.empty());
            }
        }
    }

    /** Quantizes dy in all ways in which it is needed, at once; and enqueues the gradient with respect to w, if it is trained. */
    private void backward(Tape tape, Tensor dy_TO, Optional<Tensor> rows_TO) {
        if (!w_OI.isTrained()) {
            rows_TO.ifPresent(rows -> Quantized.ops(tape).quantize(tape.stream(), dy_TO, rows));
            return;
        }
        Tensor columns_TO = Quantized.columnsLike(tape, type, dy_TO);
        Quantized.ops(tape).quantizeEach(tape.stream(), dy_TO,
                rows_TO.map(rows -> List.of(rows, columns_TO)).orElse(List.of(columns_TO)));
        multiply(tape, Matmul.ofTransposedA(columns_TO, Quantized.columns(tape, type, x_TI.tensor()), w_OI.gradient())
                .accumulating(w_OI.accumulatesGradient()));
    }

    private static void multiply(Tape tape, Matmul product) {
        tape.ops().matmul().matmul(tape.stream(), product);
    }
}
