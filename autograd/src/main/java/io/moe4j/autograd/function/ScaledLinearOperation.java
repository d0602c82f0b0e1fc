package io.moe4j.autograd.function;

import io.moe4j.api.memory.Scope;
import io.moe4j.api.ops.MatmulOps.Matmul;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Gradients;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.Variable;
import io.moe4j.autograd.sharding.Parameter;
import java.util.stream.Stream;

/**
 * y = x · wᵀ, whose operands are in 8 bits (DeepSeek-AI, "DeepSeek-V3 Technical Report", 2024, section 3.3). With q for quantizing: y = q(x) · q(w)ᵀ and
 * dx = q(dy) · q(w), with one scale for each 1 × 128 of x and dy, and for each 128 × 128 of w; dw = q(dy)ᵀ · q(x), with one scale for each 128 × 1, since
 * it sums over tokens. Sums are in fp32. Quantized operands exist for one product only; the activations themselves keep their type.
 */
final class ScaledLinearOperation extends MatrixOperation {
    private final DType type;

    ScaledLinearOperation(Variable x_TI, Parameter w_OI) {
        super(x_TI, w_OI);
        this.type = w_OI.scaledType().orElseThrow();
    }

    @Override
    public void forward(Tape tape, Tensor y_TO) {
        try (Scope scope = tape.rank().memory().open()) {
            Tensor rows_TI = Quantized.rowsLike(tape, type, x_TI.tensor());
            Quantized.fill(tape, x_TI.tensor(), rows_TI);
            multiply(tape, Matmul.ofTransposedB(rows_TI, w_OI.operand(), y_TO));
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
                    weightGradient(tape, dy_TO, rows_TO);
                    multiply(tape, Matmul.of(rows_TO, w_OI.operandByColumns(), dx_TI).accumulating(accumulate));
                }
            });
        } else {
            try (Scope scope = tape.rank().memory().open()) {
                weightGradient(tape, dy_TO);
            }
        }
    }

    /**
     * Enqueues the gradient with respect to w, if it is trained. Also quantizes dy into {@code others}, so that one pass over dy makes all its quantized
     * forms.
     */
    private void weightGradient(Tape tape, Tensor dy_TO, Tensor... others) {
        if (!w_OI.isTrained()) {
            Quantized.fill(tape, dy_TO, others);
            return;
        }
        Tensor columns_TO = Quantized.columnsLike(tape, type, dy_TO);
        Tensor columns_TI = Quantized.columnsLike(tape, type, x_TI.tensor());
        Quantized.fill(tape, dy_TO, Stream.concat(Stream.of(columns_TO), Stream.of(others)).toArray(Tensor[]::new));
        Quantized.fill(tape, x_TI.tensor(), columns_TI);
        multiply(tape, Matmul.ofTransposedA(columns_TO, columns_TI, w_OI.gradient())
                .accumulating(w_OI.accumulatesGradient()));
    }

    private static void multiply(Tape tape, Matmul product) {
        tape.ops().matmul().matmul(tape.stream(), product);
    }
}
