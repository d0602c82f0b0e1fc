package io.moe4j.layers.feedforward;

import io.moe4j.api.expert.ExpertKernels;
import io.moe4j.api.expert.GroupedProduct;
import io.moe4j.api.expert.RowQuantization;
import io.moe4j.api.memory.Scope;
import io.moe4j.api.tensor.DType;
import io.moe4j.api.tensor.Tensor;
import io.moe4j.autograd.Tape;
import io.moe4j.autograd.function.Quantized;
import io.moe4j.autograd.sharding.Parameter;
import java.util.ArrayList;
import java.util.List;

/**
 * The products of one matrix of the experts with 8-bit operands: the same as those of a dense layer, over the rows that this rank has received. Rows that
 * were received with scales, one for each 1 × 128, are multiplied as they are. The gradient with respect to the matrix sums over rows, and needs one scale
 * for each 128 × 1: for it, received rows are dequantized (x = number · scale) and quantized again.
 */
final class ScaledExpertProducts {
    private final Tape tape;
    private final ExpertKernels kernels;
    private final ExpertMatrix.Rows rows;
    private final Parameter w_eOI;
    private final DType type;

    ScaledExpertProducts(Tape tape, ExpertKernels kernels, ExpertMatrix.Rows rows, Parameter w_eOI) {
        this.tape = tape;
        this.kernels = kernels;
        this.rows = rows;
        this.w_eOI = w_eOI;
        this.type = w_eOI.scaledType().orElseThrow();
    }

    /** Enqueues y[r] = w · x[r]. */
    void forward(Tensor x_RI, Tensor y_RO) {
        try (Scope scope = tape.rank().memory().open()) {
            Tensor x = x_RI;
            if (!x_RI.dtype().isScaled()) {
                x = Quantized.rowsLike(tape, type, x_RI);
                quantize(x_RI, List.of(x));
            }
            kernels.forward(tape.stream(), GroupedProduct.Forward.of(x, w_eOI.operand(), rows.offsets_e(), y_RO)
                    .withBefore(rows.before_1()));
        }
    }

    /** Enqueues the gradients with respect to w, if it is trained, and to x; the latter overwrites {@code dx_RI}, which may be x itself. */
    void backward(Tensor dy_RO, Tensor x_RI, Tensor dx_RI) {
        try (Scope scope = tape.rank().memory().open()) {
            List<Tensor> quantized = new ArrayList<>();
            Tensor dy = dy_RO;
            if (!dy_RO.dtype().isScaled()) {
                dy = Quantized.rowsLike(tape, type, dy_RO);
                quantized.add(dy);
            }
            if (w_eOI.isTrained()) {
                Tensor dyColumns_RO = Quantized.columnsLike(tape, type, dy_RO);
                Tensor xColumns_RI = Quantized.columnsLike(tape, type, x_RI);
                quantized.add(dyColumns_RO);
                quantize(dy_RO, quantized);
                quantize(x_RI, List.of(xColumns_RI));
                kernels.weightGradient(tape.stream(), GroupedProduct.WeightGradient
                        .of(dyColumns_RO, xColumns_RI, rows.offsets_e(), w_eOI.gradient())
                        .withAccumulate(w_eOI.accumulatesGradient()));
            } else {
                quantize(dy_RO, quantized);
            }
            kernels.inputGradient(tape.stream(), GroupedProduct.InputGradient
                    .of(dy, w_eOI.operandByColumns(), rows.offsets_e(), dx_RI).withBefore(rows.before_1()));
        }
    }

    private void quantize(Tensor x, List<Tensor> results) {
        if (!results.isEmpty()) {
            kernels.quantize(tape.stream(), new RowQuantization(x, rows.offsets_e(), results));
        }
    }
}
